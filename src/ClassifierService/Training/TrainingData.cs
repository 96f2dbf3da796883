using Google.Protobuf;

namespace Topfive.ClassifierService;

/// <summary>What a run learns from: vectors in one contiguous matrix, and which rows are on which side of the split.</summary>
/// <param name="Matrix">Row-major [examples, dimensions].</param>
/// <param name="Dimensions">Length of a vector.</param>
/// <param name="Labels">In index order.</param>
/// <param name="LabelIndexes">One a row.</param>
/// <param name="TrainingRows">Rows to learn from.</param>
/// <param name="ValidationRows">Rows to measure on; may be empty.</param>
internal sealed record TrainingData(
    ReadOnlyMemory<float> Matrix, int Dimensions, IReadOnlyList<string> Labels, int[] LabelIndexes, int[] TrainingRows, int[] ValidationRows)
{
    /// <summary>SHA-256 of each row's image; none where nobody will be told of single images.</summary>
    public IReadOnlyList<ByteString> ImageHashes { get; init; } = [];

    public ByteString ImageHash(int row) => ImageHashes.Count == 0 ? ByteString.Empty : ImageHashes[row];

    public ReadOnlySpan<float> Row(int row) => Matrix.Span.Slice(row * Dimensions, Dimensions);
}
