using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>The proto's side of feature extraction.</summary>
internal sealed class FeatureExtractionService(
    FeatureExtractor extractor, ExtractionStream stream, VectorIntake intake, BackboneState state, VectorStore store, IOptions<LimitOptions> limits) : FeatureExtraction.FeatureExtractionBase
{
    private const int MaxHashes = 100_000;

    public override Task<Backbone> GetBackbone(GetBackboneRequest request, ServerCallContext context)
    {
        var backbone = state.Require();
        return Task.FromResult(new Backbone
        {
            Name = backbone.File.Name,
            Fingerprint = backbone.File.Fingerprint,
            Dimensions = backbone.File.Dimensions,
            InputWidth = backbone.File.InputWidth,
            InputHeight = backbone.File.InputHeight,
            Preprocessing = backbone.File.Preprocessing,
            Precision = backbone.File.Precision,
            Device = backbone.Device,
            Engine = backbone.Engine,
            Source = backbone.File.Source,
            MaxImageBytes = limits.Value.MaxImageBytes,
            MaxImagePixels = limits.Value.MaxImagePixels,
        });
    }

    public override Task<ExtractResponse> Extract(ExtractRequest request, ServerCallContext context) =>
        ExtractAsync(request, context.CancellationToken);

    public override Task ExtractStream(
        IAsyncStreamReader<ExtractStreamRequest> requestStream, IServerStreamWriter<ExtractStreamResponse> responseStream, ServerCallContext context)
    {
        state.Require();
        return stream.AnswerAsync(requestStream, responseStream, item => ExtractAsync(item, context.CancellationToken), context);
    }

    public override async Task<FindMissingResponse> FindMissing(FindMissingRequest request, ServerCallContext context)
    {
        var missing = await store.FindMissingAsync(state.Require().File.Fingerprint, Hashes(request.ImageHashes), context.CancellationToken);
        return new FindMissingResponse { MissingImageHashes = { missing.Select(Bytes) } };
    }

    public override async Task GetVectors(GetVectorsRequest request, IServerStreamWriter<StoredVector> responseStream, ServerCallContext context)
    {
        var found = store.GetManyAsync(state.Require().File.Fingerprint, Hashes(request.ImageHashes), context.CancellationToken);
        // One message for all: it is on the wire when WriteAsync ends.
        var message = new StoredVector();
        await foreach (var (image, vector) in found)
        {
            using (vector)
            {
                message.ImageHash = Bytes(image);
                UnsafeCollectionOperations.SetCount(message.Vector, vector.Values.Length);
                vector.Values.CopyTo(UnsafeCollectionOperations.AsSpan(message.Vector));
            }

            await responseStream.WriteAsync(message, context.CancellationToken);
        }
    }

    public override Task<PutVectorsResponse> PutVectors(IAsyncStreamReader<PutVectorsRequest> requestStream, ServerCallContext context) =>
        intake.PutAsync(requestStream.ReadAllAsync(context.CancellationToken), context.CancellationToken);

    public override async Task<DeleteVectorsResponse> DeleteVectors(DeleteVectorsRequest request, ServerCallContext context) =>
        new() { Deleted = await store.DeleteAsync(state.Require().File.Fingerprint, Hashes(request.ImageHashes), context.CancellationToken) };

    private async Task<ExtractResponse> ExtractAsync(ExtractRequest request, CancellationToken cancellation)
    {
        AugmentationRule.Check(request.Augmentation, request.AugmentedCopies);
        var extractions = request.InputCase switch
        {
            ExtractRequest.InputOneofCase.Image => await ExtractImageAsync(request, cancellation),
            ExtractRequest.InputOneofCase.ImageHash => await extractor.FindAsync(Hash(request.ImageHash, "image_hash"), request.Augmentation, Copies(request)),
            _ => throw Failure.InvalidInput("the request has neither image nor image_hash: set one"),
        };
        var response = new ExtractResponse
        {
            ImageHash = Bytes(extractions[0].Image),
            BackboneFingerprint = extractions[0].Fingerprint,
            Source = extractions[0].Source,
            Timing = ToTiming(extractions[0]),
        };
        Read(extractions[0], request, response.Vector);
        foreach (var copy in extractions.Skip(1))
        {
            var extracted = new ExtractedCopy { ImageHash = Bytes(copy.Image), Source = copy.Source };
            Read(copy, request, extracted.Vector);
            response.Copies.Add(extracted);
        }

        return response;
    }

    private async Task<Extraction[]> ExtractImageAsync(ExtractRequest request, CancellationToken cancellation)
    {
        var copies = Copies(request);
        if (copies is [0])
        {
            return [await extractor.ExtractAsync(request.Image.Memory, UrgencyOf(request), request.OmitVector, cancellation)];
        }

        return await extractor.ExtractCopiesAsync(
            request.Image.Memory, request.Augmentation ?? AugmentedCopy.DefaultAugmentation, copies, UrgencyOf(request), request.OmitVector, cancellation);
    }

    /// <summary>The numbers of the copies that a request is for, the response's own first.</summary>
    private static int[] Copies(ExtractRequest request)
    {
        var copy = request.Augmentation?.Copy ?? 0;
        return copy == 0 || request.AugmentedCopies == 0
            ? [copy, .. Enumerable.Range(1, request.AugmentedCopies)]
            : throw Failure.InvalidInput($"augmentation.copy is {copy} and augmented_copies {request.AugmentedCopies}: leave one of them 0");
    }

    private static void Read(Extraction extraction, ExtractRequest request, RepeatedField<float> vector)
    {
        using (extraction)
        {
            if (!request.OmitVector)
            {
                vector.AddRange(extraction.Vector);
            }
        }
    }

    private static Urgency UrgencyOf(ExtractRequest request) =>
        request.Bulk || request.AugmentedCopies > 0 ? Urgency.Bulk : Urgency.Interactive;

    private static Timing ToTiming(Extraction extraction)
    {
        var timing = new Timing { Store = Duration.FromTimeSpan(extraction.LookUp) };
        if (extraction.OwnComputation is { } own)
        {
            timing.Decode = Duration.FromTimeSpan(own.Decode);
            timing.Queue = Duration.FromTimeSpan(own.Queue);
            timing.Inference = Duration.FromTimeSpan(own.Inference);
            timing.Store = Duration.FromTimeSpan(extraction.LookUp + own.Store);
            timing.BatchSize = own.BatchSize;
        }

        return timing;
    }

    private static ImageHash[] Hashes(RepeatedField<ByteString> hashes) => hashes.Count <= MaxHashes
        ? [.. hashes.Select((hash, i) => Hash(hash, $"image_hashes[{i}]"))]
        : throw Failure.InvalidInput($"image_hashes has {hashes.Count:N0} entries; at most {MaxHashes:N0} are accepted");

    private static ImageHash Hash(ByteString bytes, string field) => ImageHash.TryRead(bytes.Span, out var hash)
        ? hash
        : throw Failure.InvalidInput($"{field} has {bytes.Length} bytes; a SHA-256 has {ImageHash.Size}");

    private static ByteString Bytes(ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
