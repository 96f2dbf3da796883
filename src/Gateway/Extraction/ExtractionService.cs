using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// topfive.features.v1.FeatureExtraction over all replicas of FeatureService: each image goes to the one that owns it, also
/// each image of a stream, and is tried again at the next where that one goes away. Nothing is checked here: FeatureService does.
/// </summary>
internal sealed class ExtractionService(
    FeatureExtraction.FeatureExtractionClient features, StreamItems items, IOptions<ServicesOptions> services) : FeatureExtraction.FeatureExtractionBase
{
    public override async Task<Backbone> GetBackbone(GetBackboneRequest request, ServerCallContext context) =>
        await features.GetBackboneAsync(request, context.Downstream(services.Value));

    public override async Task<ExtractResponse> Extract(ExtractRequest request, ServerCallContext context) =>
        await features.ExtractAsync(request, request.Bulk || request.AugmentedCopies > 0
            ? context.DownstreamBulk(RouteOf(request))
            : context.Downstream(services.Value, RouteOf(request)));

    public override Task ExtractStream(
        IAsyncStreamReader<ExtractStreamRequest> requestStream, IServerStreamWriter<ExtractStreamResponse> responseStream, ServerCallContext context) =>
        items.AnswerAsync(
            requestStream, responseStream, services.Value.ItemsInFlight,
            async item => new ExtractStreamResponse { Id = item.Id, Extracted = await Extract(item.ToExtractRequest(), context) },
            (item, error) => new ExtractStreamResponse { Id = item.Id, Error = error },
            context);

    public override async Task<FindMissingResponse> FindMissing(FindMissingRequest request, ServerCallContext context) =>
        await features.FindMissingAsync(request, context.Downstream(services.Value));

    public override async Task GetVectors(GetVectorsRequest request, IServerStreamWriter<StoredVector> responseStream, ServerCallContext context)
    {
        using var call = features.GetVectors(request, context.DownstreamBulk());
        await foreach (var vector in call.ResponseStream.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(vector, context.CancellationToken);
        }
    }

    public override async Task<GetThumbnailsResponse> GetThumbnails(GetThumbnailsRequest request, ServerCallContext context) =>
        await features.GetThumbnailsAsync(request, context.Downstream(services.Value));

    public override async Task<PutVectorsResponse> PutVectors(IAsyncStreamReader<PutVectorsRequest> requestStream, ServerCallContext context)
    {
        using var call = features.PutVectors(context.DownstreamBulk());
        var stream = items.Read(requestStream);
        try
        {
            await foreach (var request in stream.ReadAllAsync(context.CancellationToken))
            {
                await call.RequestStream.WriteAsync(request, context.CancellationToken);
            }

            if (stream.IsCutOff) throw Draining.CutOff("send the vectors again; those that are stored stay");
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception exception) when (exception is RpcException or InvalidOperationException)
        {
            // It takes no more, and the answer says why.
        }

        return await call;
    }

    public override async Task<DeleteVectorsResponse> DeleteVectors(DeleteVectorsRequest request, ServerCallContext context) =>
        await features.DeleteVectorsAsync(request, context.Downstream(services.Value));

    /// <returns>Null when the request names no image, which the replica that gets it will say.</returns>
    private static Metadata? RouteOf(ExtractRequest request) => request.InputCase switch
    {
        ExtractRequest.InputOneofCase.Image => ImageRoute.For(ImageHash.Of(request.Image.Span)),
        ExtractRequest.InputOneofCase.ImageHash when ImageHash.TryRead(request.ImageHash.Span, out var hash) => ImageRoute.For(hash),
        _ => null,
    };
}
