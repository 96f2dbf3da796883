using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.Gateway.V1;

namespace Topfive.Client;

/// <summary>A stream of requests with ids, and of one response a request.</summary>
/// <param name="Open">Begins it.</param>
/// <param name="IdOf">A request's id.</param>
/// <param name="Named">The same request under another id; the caller's own stays as it is.</param>
/// <param name="IdOfResponse">A response's id.</param>
/// <param name="Rename">Gives a response the id that the caller knows.</param>
internal sealed record BulkMethod<TRequest, TResponse>(
    Func<CancellationToken, AsyncDuplexStreamingCall<TRequest, TResponse>> Open,
    Func<TRequest, string> IdOf, Func<TRequest, string, TRequest> Named,
    Func<TResponse, string> IdOfResponse, Action<TResponse, string> Rename);

internal static class BulkMethods
{
    public static BulkMethod<ExtractStreamRequest, ExtractStreamResponse> Extract(FeatureExtraction.FeatureExtractionClient features) => new(
        cancellation => features.ExtractStream(cancellationToken: cancellation),
        request => request.Id, (request, id) => new ExtractStreamRequest(request) { Id = id },
        response => response.Id, (response, id) => response.Id = id);

    public static BulkMethod<LabeledImage, IngestResult> Ingest(Ingestion.IngestionClient ingestion) => new(
        cancellation => ingestion.Ingest(cancellationToken: cancellation),
        request => request.Id, (request, id) => new LabeledImage(request) { Id = id },
        response => response.Id, (response, id) => response.Id = id);

    public static ByteString ToByteString(this ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
