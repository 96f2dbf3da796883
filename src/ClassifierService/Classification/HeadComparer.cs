using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>One vector by several heads, read once; a head that cannot answer fails alone.</summary>
internal sealed class HeadComparer(HeadCache heads, VectorStore vectors, VectorClassifier classifier, StreamItems items)
{
    public const int MaxHeads = 100;

    public async Task<CompareResponse> CompareAsync(CompareRequest request, ServerCallContext context)
    {
        if (request.Heads.Count is < 1 or > MaxHeads) throw Failure.InvalidInput($"heads names {request.Heads.Count} heads; 1 to {MaxHeads}");
        var found = await Task.WhenAll(request.Heads.Select(FindAsync));
        var fingerprint = request.BackboneFingerprint.Length > 0
            ? request.BackboneFingerprint
            : found.OfType<ServingHead>().FirstOrDefault()?.BackboneFingerprint;
        var vector = await ReadVectorAsync(request, fingerprint);
        return new CompareResponse
        {
            Heads =
            {
                await Task.WhenAll(request.Heads.Zip(found).Select(head => items.AnswerItemAsync(
                    head,
                    async _ => new ComparedHead
                    {
                        Head = head.First,
                        Classified = await classifier.ClassifyAsync(Ask(head, request, vector, fingerprint), context.CancellationToken),
                    },
                    (_, error) => new ComparedHead { Head = head.First, Error = error },
                    context))),
            },
        };
    }

    /// <returns>Null for what is not there; whoever asks it for an answer hears why.</returns>
    private async Task<ServingHead?> FindAsync(HeadVersion named)
    {
        NameRule.Check(named.Head, "heads.head");
        if (named.Version < 0) throw Failure.InvalidInput($"heads.version is {named.Version}; versions count from 1, and 0 is the live one");
        try
        {
            return await heads.GetAsync(named.Head, named.Version);
        }
        catch (Failure failure) when (failure.Kind == FailureKind.NotFound)
        {
            return null;
        }
    }

    private async Task<FloatVector> ReadVectorAsync(CompareRequest request, string? fingerprint)
    {
        switch (request.InputCase)
        {
            case CompareRequest.InputOneofCase.Vector:
                return request.Vector;
            case CompareRequest.InputOneofCase.ImageHash:
                if (!ImageHash.TryRead(request.ImageHash.Span, out var image))
                {
                    throw Failure.InvalidInput($"image_hash has {request.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
                }

                // No head is there: each of them says so, whatever the vector.
                if (fingerprint is null) return new FloatVector();
                using (var stored = await vectors.GetAsync(fingerprint, image)
                    ?? throw Failure.NotFound($"image {image} has no stored vector of backbone {fingerprint}", Reason.VectorUnavailable))
                {
                    var vector = new FloatVector();
                    vector.Values.AddRange(stored.Values);
                    return vector;
                }

            default:
                throw Failure.InvalidInput("neither vector nor image_hash is set; exactly one must be");
        }
    }

    /// <summary>By the version's number, so that the call counts for no shadow.</summary>
    private static ClassifyRequest Ask((HeadVersion Named, ServingHead? Found) head, CompareRequest request, FloatVector vector, string? fingerprint) => new()
    {
        Head = head.Named.Head,
        Version = head.Found?.Version ?? head.Named.Version,
        Vector = vector,
        TopK = request.TopK,
        BackboneFingerprint = fingerprint ?? "",
    };
}
