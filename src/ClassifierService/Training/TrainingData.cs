using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Topfive.Classifier.V1;

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

    /// <summary>The manifest of what is trained on it; null where none is wanted.</summary>
    public Manifest? Manifest { get; init; }

    public ByteString ImageHash(int row) => ImageHashes.Count == 0 ? ByteString.Empty : ImageHashes[row];

    /// <summary>Lower-case hex SHA-256 over all rows, little-endian.</summary>
    public string VectorsDigest()
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var row = 0; row < LabelIndexes.Length; row++) digest.AppendData(MemoryMarshal.AsBytes(Row(row)));
        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    public ReadOnlySpan<float> Row(int row) => Matrix.Row(row);

    public void Dispose() => Matrix.Dispose();
}
