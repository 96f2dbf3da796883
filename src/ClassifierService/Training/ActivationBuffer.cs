namespace Topfive.ClassifierService;

/// <summary>
/// One batch's numbers for one layer, [row][column]. Rows are padded to a multiple of four, columns to whole groups of vectors.
/// Rows wider than a tile stand an odd number of tiles apart: at 2048 columns the rows' parts of a tile would else meet
/// in the same sets of the cache, and push each other out.
/// </summary>
internal sealed unsafe class ActivationBuffer(int rows, int columns) : IDisposable
{
    private readonly AlignedFloats _values = new(Length(rows, columns));

    public int Stride { get; } = RowStride(columns);

    public float* Row(int row) => _values.Pointer + ((long)row * Stride);

    public Span<float> RowSpan(int row, int columns) => _values.Slice((long)row * Stride, columns);

    /// <summary>Bytes that a buffer of this shape takes.</summary>
    public static long Bytes(int rows, int columns) => Length(rows, columns) * sizeof(float);

    public void Dispose() => _values.Dispose();

    private static long Length(int rows, int columns) => (long)TrainingLayer.RoundUp(rows, 4) * RowStride(columns);

    private static int RowStride(int columns) => columns <= TrainingLayer.TileWidth
        ? TrainingLayer.RoundUp(columns, TrainingLayer.GroupWidth)
        : ((TrainingLayer.RoundUp(columns, TrainingLayer.TileWidth) / TrainingLayer.TileWidth) | 1) * TrainingLayer.TileWidth;
}
