using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>A dataset as it was when it was read.</summary>
public sealed class DatasetSnapshot
{
    internal DatasetSnapshot(string dataset, IReadOnlyList<Example> examples)
    {
        Dataset = dataset;
        Examples = examples;
        Labels = [.. examples.Select(example => example.Label).Distinct().Order(StringComparer.Ordinal)];
        Digest = DigestOf(examples);
        SplitDigest = SplitDigestOf(examples);
    }

    public string Dataset { get; }

    /// <summary>In the order of the hashes.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>In ordinal order; an example's label index is its place here.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>
    /// Lower-case hex SHA-256 over the examples in order; each is its hash (32 bytes), its split (1 byte) and then its
    /// label (UTF-8) and its group, either after its length (4 bytes, little-endian).
    /// </summary>
    public string Digest { get; }

    /// <summary>Lower-case hex SHA-256 over the examples in order; each is its hash (32 bytes) and its split (1 byte).</summary>
    public string SplitDigest { get; }

    private static string SplitDigestOf(IEnumerable<Example> examples)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var example in examples)
        {
            digest.AppendData(example.ImageHash.Span);
            digest.AppendData([(byte)example.Split]);
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static string DigestOf(IEnumerable<Example> examples)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var example in examples)
        {
            digest.AppendData(example.ImageHash.Span);
            digest.AppendData([(byte)example.Split]);
            AppendWithLength(digest, Encoding.UTF8.GetBytes(example.Label));
            AppendWithLength(digest, example.Group.Span);
        }

        return Convert.ToHexStringLower(digest.GetHashAndReset());
    }

    private static void AppendWithLength(IncrementalHash digest, ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        digest.AppendData(length);
        digest.AppendData(data);
    }
}
