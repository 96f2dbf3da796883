namespace Topfive.ClassifierService;

/// <summary>Vectors in memory.</summary>
internal sealed unsafe class MemoryMatrix(int rows, int dimensions) : VectorMatrix(rows, dimensions)
{
    private readonly AlignedFloats _vectors = new((long)rows * dimensions);

    protected override float* First => _vectors.Pointer;

    public static MemoryMatrix Of(ReadOnlySpan<float> vectors, int dimensions)
    {
        var matrix = new MemoryMatrix(vectors.Length / dimensions, dimensions);
        matrix.Write(0, vectors);
        return matrix;
    }

    public override void Write(int row, ReadOnlySpan<float> vectors) =>
        vectors.CopyTo(_vectors.Slice((long)row * Dimensions, vectors.Length));

    public override void Dispose() => _vectors.Dispose();
}
