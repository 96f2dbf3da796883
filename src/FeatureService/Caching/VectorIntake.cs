using System.Numerics.Tensors;
using Google.Protobuf.Collections;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>
/// Takes vectors that were computed elsewhere. No one can tell from a vector whose image it is of, and a wrong one would be
/// served for good; so it must come with the fingerprint of this backbone, and what is stored already stays unless asked otherwise.
/// </summary>
internal sealed class VectorIntake(BackboneState state, VectorStore store, IOptions<LimitOptions> limits)
{
    /// <summary>A message at a time: 8 KB a vector.</summary>
    /// <exception cref="Failure">Precondition: another backbone's. InvalidInput: a vector that can be none of this backbone's.</exception>
    public async Task<PutVectorsResponse> PutAsync(IAsyncEnumerable<PutVectorsRequest> requests, CancellationToken cancellation)
    {
        var backbone = state.Require().File;
        var response = new PutVectorsResponse();
        var isFirst = true;
        await foreach (var request in requests.WithCancellation(cancellation))
        {
            CheckFingerprint(request.BackboneFingerprint, backbone.Fingerprint, isFirst);
            isFirst = false;
            var vectors = Read(request.Vectors, backbone.Dimensions);
            var stored = await store.SetManyAsync(backbone.Fingerprint, vectors, request.Overwrite, cancellation);
            response.Stored += stored;
            response.Kept += vectors.Length - stored;
        }

        return response;
    }

    private static void CheckFingerprint(string fingerprint, string own, bool isFirst)
    {
        if (fingerprint.Length == 0 && isFirst)
        {
            throw Failure.InvalidInput("backbone_fingerprint is empty in the first message: it must say which backbone computed the vectors");
        }

        if (fingerprint.Length > 0 && fingerprint != own)
        {
            throw Failure.Precondition($"the vectors are of backbone {fingerprint}, and this service runs {own}: vectors of two backbones never mix");
        }
    }

    private (ImageHash, ReadOnlyMemory<float>)[] Read(RepeatedField<StoredVector> vectors, int dimensions) => vectors.Count <= limits.Value.MaxVectors
        ? [.. vectors.Select((vector, i) => Read(vector, i, dimensions))]
        : throw Failure.InvalidInput($"a message has {vectors.Count:N0} vectors; at most {limits.Value.MaxVectors:N0} are accepted (Limits__MaxVectors)");

    private static (ImageHash, ReadOnlyMemory<float>) Read(StoredVector item, int index, int dimensions)
    {
        if (!ImageHash.TryRead(item.ImageHash.Span, out var image))
        {
            throw Failure.InvalidInput($"vectors[{index}].image_hash has {item.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}");
        }

        if (item.Vector.Count != dimensions)
        {
            throw Failure.InvalidInput($"the vector of image {image} (vectors[{index}]) has {item.Vector.Count:N0} numbers; this backbone's have {dimensions:N0}");
        }

        var numbers = new float[dimensions];
        item.Vector.CopyTo(numbers, 0);
        if (!TensorPrimitives.IsFiniteAll<float>(numbers))
        {
            var at = Array.FindIndex(numbers, number => !float.IsFinite(number));
            throw Failure.InvalidInput($"the vector of image {image} (vectors[{index}]) has {numbers[at]} at [{at}]; every number must be finite");
        }

        return (image, numbers);
    }
}
