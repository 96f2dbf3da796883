using System.Numerics.Tensors;
using Google.Protobuf;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>A vector, or the hash of an image whose vector is stored, to its most probable labels, and what they rest on.</summary>
internal sealed class VectorClassifier(HeadCache heads, VectorStore vectors, BackboneRegistry backbones, NearestExamples nearest)
{
    private const int DefaultCount = 5;

    /// <param name="request">What to classify.</param>
    /// <param name="cancellation">Ends the wait for nearest examples.</param>
    public async ValueTask<ClassifyResponse> ClassifyAsync(ClassifyRequest request, CancellationToken cancellation)
    {
        NameRule.Check(request.Head, "head");
        if (request.Version < 0) throw Failure.InvalidInput($"version is {request.Version}; versions count from 1, and 0 is the live one");
        var count = Count(request.TopK);
        var head = await heads.GetAsync(request.Head, request.Version);
        CheckFingerprint(request.BackboneFingerprint, head);
        NearestExamples.Check(request.NearestExamples, head);
        if (request.AnswerUnknown) _ = head.Detector;
        using var stored = request.InputCase == ClassifyRequest.InputOneofCase.ImageHash ? await ReadStoredAsync(head, request.ImageHash) : null;
        var (response, neighbors) = Classify(head, VectorOf(request, stored), count, request);
        if (neighbors is not null) await nearest.AddAsync(response, head, neighbors, cancellation);
        return response;
    }

    private static int Count(int topK) => topK switch
    {
        0 => DefaultCount,
        < 0 or > TopLabels.Limit => throw Failure.InvalidInput($"top_k is {topK}; it must be 1 to {TopLabels.Limit}, or 0 for {DefaultCount}"),
        _ => topK,
    };

    private static void CheckFingerprint(string fingerprint, ServingHead head)
    {
        if (fingerprint.Length > 0 && fingerprint != head.BackboneFingerprint)
        {
            throw Failure.Precondition(
                $"the vector is of backbone {fingerprint}, but head '{head.Name}' version {head.Version} reads vectors of backbone {head.BackboneFingerprint}");
        }
    }

    private static ReadOnlySpan<float> VectorOf(ClassifyRequest request, VectorLease? stored) => request.InputCase switch
    {
        ClassifyRequest.InputOneofCase.Vector => UnsafeCollectionOperations.AsSpan(request.Vector.Values),
        ClassifyRequest.InputOneofCase.ImageHash => stored!.Values,
        _ => throw Failure.InvalidInput("neither vector nor image_hash is set; exactly one must be"),
    };

    private static (ClassifyResponse Response, NeighborQuery? Neighbors) Classify(
        ServingHead head, ReadOnlySpan<float> vector, int count, ClassifyRequest request)
    {
        if (vector.Length != head.Inputs)
        {
            throw Failure.InvalidInput($"vector has {vector.Length} numbers; head '{head.Name}' version {head.Version} reads {head.Inputs}");
        }

        if (!TensorPrimitives.IsFiniteAll(vector)) throw Failure.InvalidInput("vector holds a number that is not finite (NaN or infinity)");
        var response = head.Classify(vector, count);
        if (request.AnswerUnknown) response.Unknown = AnswerUnknown(head.Detector, vector);
        return (response, request.NearestExamples == 0 ? null : new NeighborQuery(vector, request.NearestExamples));
    }

    private static Unknown AnswerUnknown(UnknownDetector detector, ReadOnlySpan<float> vector)
    {
        var distance = detector.Distance(vector);
        return new Unknown { Score = distance, Threshold = detector.Threshold, Unknown_ = detector.IsUnknown(distance) };
    }

    private async Task<VectorLease> ReadStoredAsync(ServingHead head, ByteString imageHash)
    {
        if (!ImageHash.TryRead(imageHash.Span, out var image))
        {
            throw Failure.InvalidInput($"image_hash has {imageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
        }

        try
        {
            return await vectors.GetAsync(head.BackboneFingerprint, image) ?? throw await NotStoredAsync(head, image);
        }
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            throw Failure.Unavailable(
                $"the feature store cannot be asked for image {image}: check Store__ConnectionString and the server behind it",
                exception, Reason.VectorUnavailable);
        }
    }

    private async Task<Failure> NotStoredAsync(ServingHead head, ImageHash image)
    {
        var current = await backbones.CurrentAsync();
        if (current is not null && current.Fingerprint != head.BackboneFingerprint)
        {
            using var vector = await vectors.GetAsync(current.Fingerprint, image);
            if (vector is not null)
            {
                return Failure.Precondition(
                    $"image {image} has a vector of backbone {current.Fingerprint}, but head '{head.Name}' version {head.Version} reads vectors of backbone {head.BackboneFingerprint}");
            }
        }

        return Failure.NotFound($"image {image} has no stored vector of backbone {head.BackboneFingerprint}", Reason.VectorUnavailable);
    }
}
