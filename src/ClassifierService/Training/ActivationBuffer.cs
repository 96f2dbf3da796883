namespace Topfive.ClassifierService;

/// <summary>
/// One batch's numbers for one layer, [row][column]. Rows are padded to a multiple of four, columns to whole panels,
/// and rows stand a cache line more than that apart: at 2048 columns every row would else begin in the same cache set.
/// </summary>
internal sealed unsafe class ActivationBuffer(int rows, int columns) : IDisposable
{
    private const int Skew = 16;

    private readonly AlignedFloats _values = new(Length(rows, columns));

    public int Stride { get; } = RowStride(columns);

    public float* Row(int row) => _values.Pointer + ((long)row * Stride);

    public Span<float> RowSpan(int row, int columns) => _values.Slice((long)row * Stride, columns);

    /// <summary>Bytes that a buffer of this shape takes.</summary>
    public static long Bytes(int rows, int columns) => Length(rows, columns) * sizeof(float);

    public void Dispose() => _values.Dispose();

    private static long Length(int rows, int columns) => (long)TrainingLayer.RoundUp(rows, 4) * RowStride(columns);

    private static int RowStride(int columns) => TrainingLayer.RoundUp(columns, TrainingLayer.PanelWidth) + Skew;
}
