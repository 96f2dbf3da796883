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
    FeatureExtractor extractor, ExtractionStream stream, VectorIntake intake, StreamItems items, ResponsePool responses, BackboneState state, VectorStore store, ThumbnailStore thumbnails, IOptions<LimitOptions> limits) : FeatureExtraction.FeatureExtractionBase
{
    private const int MaxThumbnails = 500;

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
        ExtractAsync(request, responses.Rent(context.GetHttpContext()), context.CancellationToken);

    public override Task ExtractStream(
        IAsyncStreamReader<ExtractStreamRequest> requestStream, IServerStreamWriter<ExtractStreamResponse> responseStream, ServerCallContext context)
    {
        state.Require();
        return stream.AnswerAsync(requestStream, responseStream, item => ExtractAsync(item, new ExtractResponse(), context.CancellationToken), context);
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

    public override async Task<PutVectorsResponse> PutVectors(IAsyncStreamReader<PutVectorsRequest> requestStream, ServerCallContext context)
    {
        var stream = items.Read(requestStream);
        var response = await intake.PutAsync(stream.ReadAllAsync(context.CancellationToken), context.CancellationToken);
        return stream.IsCutOff ? throw Draining.CutOff("send the vectors again; those that are stored stay") : response;
    }

    public override async Task<GetThumbnailsResponse> GetThumbnails(GetThumbnailsRequest request, ServerCallContext context)
    {
        if (request.ImageHashes.Count > MaxThumbnails)
        {
            throw Failure.InvalidInput($"image_hashes has {request.ImageHashes.Count:N0} entries; at most {MaxThumbnails:N0} are accepted");
        }

        var found = await thumbnails.GetManyAsync(Hashes(request.ImageHashes));
        return new GetThumbnailsResponse
        {
            Thumbnails = { found.Select(thumbnail => new Thumbnail { ImageHash = Bytes(thumbnail.Image), Webp = UnsafeByteOperations.UnsafeWrap(thumbnail.Webp) }) },
        };
    }

    public override async Task<DeleteVectorsResponse> DeleteVectors(DeleteVectorsRequest request, ServerCallContext context)
    {
        var images = Hashes(request.ImageHashes);
        await thumbnails.DeleteAsync(images);
        return new() { Deleted = await store.DeleteAsync(state.Require().File.Fingerprint, images, context.CancellationToken) };
    }

    /// <param name="request">One image.</param>
    /// <param name="response">Empty; it is filled and returned.</param>
    /// <param name="cancellation">The caller's.</param>
    private async Task<ExtractResponse> ExtractAsync(ExtractRequest request, ExtractResponse response, CancellationToken cancellation)
    {
        AugmentationRule.Check(request.Augmentation, request.AugmentedCopies);
        if (request.AugmentedCopies == 0)
        {
            Write(await ExtractOneAsync(request, request.Augmentation?.Copy ?? 0, cancellation), request, response);
            return response;
        }

        var extractions = await ExtractAllAsync(request, cancellation);
        Write(extractions[0], request, response);
        foreach (var copy in extractions.Skip(1))
        {
            var extracted = new ExtractedCopy { ImageHash = Bytes(copy.Image), Source = copy.Source };
            Read(copy, request, extracted.Vector);
            response.Copies.Add(extracted);
        }

        return response;
    }

    /// <summary>The image itself, which is nearly every call, or one augmented copy of it.</summary>
    private async Task<Extraction> ExtractOneAsync(ExtractRequest request, int copy, CancellationToken cancellation) => request.InputCase switch
    {
        ExtractRequest.InputOneofCase.Image when copy == 0 =>
            await extractor.ExtractAsync(request.Image.Memory, UrgencyOf(request), request.OmitVector, cancellation),
        ExtractRequest.InputOneofCase.Image => (await extractor.ExtractCopiesAsync(
            request.Image.Memory, request.Augmentation, [copy], UrgencyOf(request), request.OmitVector, cancellation))[0],
        ExtractRequest.InputOneofCase.ImageHash => await extractor.FindAsync(Hash(request.ImageHash, "image_hash"), request.Augmentation, copy),
        _ => throw NoInput(),
    };

    /// <summary>The image itself and its copies.</summary>
    private async Task<Extraction[]> ExtractAllAsync(ExtractRequest request, CancellationToken cancellation)
    {
        if (request.Augmentation is { Copy: not 0 } augmentation)
        {
            throw Failure.InvalidInput($"augmentation.copy is {augmentation.Copy} and augmented_copies {request.AugmentedCopies}: leave one of them 0");
        }

        int[] copies = [.. Enumerable.Range(0, 1 + request.AugmentedCopies)];
        return request.InputCase switch
        {
            ExtractRequest.InputOneofCase.Image => await extractor.ExtractCopiesAsync(
                request.Image.Memory, request.Augmentation ?? AugmentedCopy.DefaultAugmentation, copies, UrgencyOf(request), request.OmitVector, cancellation),
            ExtractRequest.InputOneofCase.ImageHash =>
                await extractor.FindCopiesAsync(Hash(request.ImageHash, "image_hash"), request.Augmentation, copies),
            _ => throw NoInput(),
        };
    }

    private static Failure NoInput() => Failure.InvalidInput("the request has neither image nor image_hash: set one");

    private static void Write(Extraction extraction, ExtractRequest request, ExtractResponse response)
    {
        response.ImageHash = Bytes(extraction.Image);
        response.BackboneFingerprint = extraction.Fingerprint;
        response.Source = extraction.Source;
        response.Timing = ToTiming(extraction);
        Read(extraction, request, response.Vector);
    }

    private static void Read(Extraction extraction, ExtractRequest request, RepeatedField<float> vector)
    {
        using (extraction)
        {
            if (!request.OmitVector)
            {
                UnsafeCollectionOperations.SetCount(vector, extraction.Vector.Length);
                extraction.Vector.CopyTo(UnsafeCollectionOperations.AsSpan(vector));
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

    private ImageHash[] Hashes(RepeatedField<ByteString> hashes) => hashes.Count <= limits.Value.MaxHashes
        ? [.. hashes.Select((hash, i) => Hash(hash, $"image_hashes[{i}]"))]
        : throw Failure.InvalidInput($"image_hashes has {hashes.Count:N0} entries; at most {limits.Value.MaxHashes:N0} are accepted (Limits__MaxHashes)");

    private static ImageHash Hash(ByteString bytes, string field) => ImageHash.TryRead(bytes.Span, out var hash)
        ? hash
        : throw Failure.InvalidInput($"{field} has {bytes.Length} bytes; a SHA-256 has {ImageHash.Size}");

    private static ByteString Bytes(ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
