using Google.Protobuf;

namespace Topfive.ClassifierService;

/// <summary>What a run learns from: its vectors, and which of them are on which side of the split.</summary>
/// <param name="Matrix">A row an example.</param>
/// <param name="Labels">In index order.</param>
/// <param name="LabelIndexes">One a row.</param>
/// <param name="TrainingRows">Rows to learn from.</param>
/// <param name="ValidationRows">Rows to measure on; may be empty.</param>
internal sealed record TrainingData(
    VectorMatrix Matrix, IReadOnlyList<string> Labels, int[] LabelIndexes, int[] TrainingRows, int[] ValidationRows) : IDisposable
{
    /// <summary>Length of a vector.</summary>
    public int Dimensions => Matrix.Dimensions;

    /// <summary>SHA-256 of each row's image; none where nobody will be told of single images.</summary>
    public IReadOnlyList<ByteString> ImageHashes { get; init; } = [];

    public ByteString ImageHash(int row) => ImageHashes.Count == 0 ? ByteString.Empty : ImageHashes[row];

    public ReadOnlySpan<float> Row(int row) => Matrix.Row(row);

    public void Dispose() => Matrix.Dispose();
}
