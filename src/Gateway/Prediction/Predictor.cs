using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// Image in, labels out. The classifier is asked by hash first: for a known image that is the whole path, and a wrong
/// head is refused before anything is computed. Otherwise the image is extracted and its vector classified.
/// </summary>
internal sealed class Predictor(
    FeatureExtraction.FeatureExtractionClient features,
    Classification.ClassificationClient classifier,
    IOptions<ServicesOptions> services,
    PredictionMetrics metrics)
{
    public async Task<PredictResponse> PredictAsync(PredictRequest request, ServerCallContext caller)
    {
        var hash = HashOf(request);
        var response = await ClassifyStoredAsync(request, hash, caller) ?? await ComputeAsync(request, hash, caller);
        metrics.Predictions.Count(response.Source);
        return response;
    }

    private async Task<PredictResponse> ComputeAsync(PredictRequest request, ImageHash hash, ServerCallContext caller)
    {
        var extracted = await ExtractAsync(request, hash, caller);
        var classified = await ClassifyAsync(request, extracted, caller);
        return Compose(classified, hash, extracted.BackboneFingerprint, extracted.Source, extracted.Timing);
    }

    private static ImageHash HashOf(PredictRequest request) => request.InputCase switch
    {
        PredictRequest.InputOneofCase.Image => ImageHash.Of(request.Image.Span),
        PredictRequest.InputOneofCase.ImageHash => ImageHash.TryRead(request.ImageHash.Span, out var hash)
            ? hash
            : throw Failure.InvalidInput($"image_hash has {request.ImageHash.Length} bytes; a SHA-256 has {ImageHash.Size}"),
        _ => throw Failure.InvalidInput("neither image nor image_hash is set; exactly one must be"),
    };

    /// <returns>Null when the image has no stored vector, or the store cannot be asked.</returns>
    private async Task<PredictResponse?> ClassifyStoredAsync(PredictRequest request, ImageHash hash, ServerCallContext caller)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            var classified = await classifier.ClassifyAsync(new ClassifyRequest
            {
                Head = request.Head,
                Version = request.Version,
                ImageHash = UnsafeByteOperations.UnsafeWrap(hash.ToByteArray()),
                TopK = request.TopK,
                NearestExamples = request.NearestExamples,
                AnswerUnknown = request.AnswerUnknown,
            }, caller.Downstream(services.Value));
            var timing = new Timing { Store = Duration.FromTimeSpan(Stopwatch.GetElapsedTime(started)) };
            return Compose(classified, hash, classified.BackboneFingerprint, Source.Store, timing);
        }
        catch (RpcException exception) when (request.InputCase == PredictRequest.InputOneofCase.Image && exception.HasReason(Reason.VectorUnavailable))
        {
            return null;
        }
    }

    private async Task<ExtractResponse> ExtractAsync(PredictRequest request, ImageHash hash, ServerCallContext caller) =>
        await features.ExtractAsync(new ExtractRequest { Image = request.Image }, caller.Downstream(services.Value, ImageRoute.For(hash)));

    private async Task<ClassifyResponse> ClassifyAsync(PredictRequest request, ExtractResponse extracted, ServerCallContext caller)
    {
        var vector = new FloatVector();
        vector.Values.Add(extracted.Vector);
        return await classifier.ClassifyAsync(new ClassifyRequest
        {
            Head = request.Head,
            Version = request.Version,
            Vector = vector,
            TopK = request.TopK,
            NearestExamples = request.NearestExamples,
            AnswerUnknown = request.AnswerUnknown,
            BackboneFingerprint = extracted.BackboneFingerprint,
        }, caller.Downstream(services.Value));
    }

    private static PredictResponse Compose(ClassifyResponse classified, ImageHash hash, string fingerprint, Source source, Timing timing)
    {
        var response = new PredictResponse
        {
            ImageHash = UnsafeByteOperations.UnsafeWrap(hash.ToByteArray()),
            Head = classified.Head,
            Version = classified.Version,
            BackboneFingerprint = fingerprint,
            Source = source,
            Timing = timing,
            Unknown = classified.Unknown,
            NeighborsDatasetDigest = classified.NeighborsDatasetDigest,
            NeighborsDatasetChanged = classified.NeighborsDatasetChanged,
        };
        response.Predictions.Add(classified.Predictions);
        response.Neighbors.Add(classified.Neighbors);
        return response;
    }
}
