using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;

namespace Topfive.Consoles;

/// <summary>Images of a dataset with the same vector.</summary>
internal sealed record DuplicateGroup(IReadOnlyList<Example> Examples)
{
    private const int AtATime = 1_000;

    /// <summary>The same image under two labels.</summary>
    public bool IsConflict { get; } = Examples.Select(example => example.Label).Distinct().Skip(1).Any();

    /// <summary>The same image trains and validates.</summary>
    public bool IsLeak { get; } = Examples.Select(example => example.Split).Distinct().Skip(1).Any();

    /// <summary>Those of two images and more. Of each vector its digest alone is kept.</summary>
    public static async Task<IReadOnlyList<DuplicateGroup>> FindAsync(GatewaySession session, string dataset, CancellationToken cancellation)
    {
        var examples = new Dictionary<ByteString, Example>();
        using (var listing = session.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset }, cancellationToken: cancellation))
        {
            // Augmented copies are made of images that are here.
            while (await listing.ResponseStream.MoveNext(cancellation))
            {
                if (listing.ResponseStream.Current is { Copy: 0 } example) examples.Add(example.ImageHash, example);
            }
        }

        var byVector = new Dictionary<ByteString, List<Example>>();
        foreach (var hashes in examples.Keys.Chunk(AtATime))
        {
            using var vectors = session.Features.GetVectors(new GetVectorsRequest { ImageHashes = { hashes } }, cancellationToken: cancellation);
            while (await vectors.ResponseStream.MoveNext(cancellation))
            {
                var digest = ByteString.CopyFrom(DigestOf(vectors.ResponseStream.Current.Vector));
                if (!byVector.TryGetValue(digest, out var group)) byVector.Add(digest, group = []);
                group.Add(examples[vectors.ResponseStream.Current.ImageHash]);
            }
        }

        return [.. byVector.Values.Where(group => group.Count > 1).Select(group => new DuplicateGroup(group))];
    }

    private static byte[] DigestOf(RepeatedField<float> vector) => SHA256.HashData(MemoryMarshal.AsBytes<float>(UnsafeCollectionOperations.AsSpan(vector)));
}
