namespace Topfive.ClassifierService;

/// <summary>
/// The vectors that a run learns from, row after row, outside the managed heap: an array ends at 2³¹ numbers, which is
/// 1,048,576 rows of 2,048.
/// </summary>
/// <param name="rows">How many vectors.</param>
/// <param name="dimensions">Length of each.</param>
internal abstract unsafe class VectorMatrix(int rows, int dimensions) : IDisposable
{
    public int Dimensions => dimensions;

    /// <summary>Bytes that so many vectors take.</summary>
    public static long BytesOf(int rows, int dimensions) => (long)rows * dimensions * sizeof(float);

    public ReadOnlySpan<float> Row(int row)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)rows, nameof(row));
        return new ReadOnlySpan<float>(First + ((long)row * dimensions), dimensions);
    }

    /// <summary>Writes whole rows, the first to row <paramref name="row"/>. Every row is written once, before any is read.</summary>
    public abstract void Write(int row, ReadOnlySpan<float> vectors);

    public abstract void Dispose();

    /// <summary>The first number of the first row.</summary>
    protected abstract float* First { get; }
}
