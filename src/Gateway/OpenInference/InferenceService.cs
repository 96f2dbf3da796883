using System.Threading.Channels;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>inference.GRPCInferenceService: the Open Inference Protocol, over what the Gateway does anyway.</summary>
internal sealed class InferenceService(
    ModelRepository models, StreamItems items, CallLimits limits, HealthCheckService health, IOptions<ServicesOptions> services)
    : GRPCInferenceService.GRPCInferenceServiceBase
{
    private static readonly string Version = typeof(InferenceService).Assembly.GetName().Version?.ToString(3) ?? "";

    public override Task<ServerLiveResponse> ServerLive(ServerLiveRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerLiveResponse { Live = true });

    public override async Task<ServerReadyResponse> ServerReady(ServerReadyRequest request, ServerCallContext context) =>
        new() { Ready = (await health.CheckHealthAsync(context.CancellationToken)).Status != HealthStatus.Unhealthy };

    public override Task<ServerMetadataResponse> ServerMetadata(ServerMetadataRequest request, ServerCallContext context) =>
        Task.FromResult(new ServerMetadataResponse { Name = "topfive", Version = Version, Extensions = { "classification", "model_repository" } });

    public override async Task<ModelReadyResponse> ModelReady(ModelReadyRequest request, ServerCallContext context) =>
        new() { Ready = await models.IsReadyAsync(request.Name, request.Version, context) };

    public override async Task<ModelMetadataResponse> ModelMetadata(ModelMetadataRequest request, ServerCallContext context) =>
        await models.Find(request.Name, request.Version).DescribeAsync(context);

    public override async Task<RepositoryIndexResponse> RepositoryIndex(RepositoryIndexRequest request, ServerCallContext context) =>
        await models.ListAsync(request.Ready, context);

    public override Task<ModelInferResponse> ModelInfer(ModelInferRequest request, ServerCallContext context) =>
        InferAsync(request, NewTurns(), context);

    /// <summary>Several requests are worked on at a time, and answered in the order in which they came.</summary>
    public override async Task ModelStreamInfer(
        IAsyncStreamReader<ModelInferRequest> requestStream, IServerStreamWriter<ModelStreamInferResponse> responseStream, ServerCallContext context)
    {
        var turns = NewTurns();
        var answers = Channel.CreateBounded<Task<ModelStreamInferResponse>>(services.Value.ItemsInFlight);
        var reading = ReadAsync(requestStream, answers.Writer, turns, context);
        await foreach (var answer in answers.Reader.ReadAllAsync(context.CancellationToken))
        {
            await responseStream.WriteAsync(await answer, context.CancellationToken);
        }

        await reading;
    }

    /// <summary>Never disposed: it has nothing to let go, and what still runs after a caller that hung up may give its turn back.</summary>
    private SemaphoreSlim NewTurns() => new(services.Value.ItemsInFlight);

    private async Task ReadAsync(
        IAsyncStreamReader<ModelInferRequest> requests, ChannelWriter<Task<ModelStreamInferResponse>> answers, SemaphoreSlim turns, ServerCallContext context)
    {
        try
        {
            await foreach (var request in requests.ReadAllAsync(context.CancellationToken))
            {
                await answers.WriteAsync(AnswerAsync(request, turns, context), context.CancellationToken);
            }

            answers.Complete();
        }
        catch (Exception exception)
        {
            answers.Complete(exception);
        }
    }

    private Task<ModelStreamInferResponse> AnswerAsync(ModelInferRequest request, SemaphoreSlim turns, ServerCallContext context) => items.AnswerItemAsync(
        request,
        async _ => new ModelStreamInferResponse { InferResponse = await InferAsync(request, turns, context) },
        Refuse,
        context);

    private static ModelStreamInferResponse Refuse(ModelInferRequest request, Google.Rpc.Status error) => new()
    {
        ErrorMessage = error.Message.Length > 0 ? error.Message : $"{(Code)error.Code}",
        InferResponse = new ModelInferResponse { Id = request.Id, ModelName = request.ModelName },
    };

    /// <param name="request">Checked before anything of it is computed.</param>
    /// <param name="turns">One for each image of the call that is under way.</param>
    /// <param name="context">The call.</param>
    private async Task<ModelInferResponse> InferAsync(ModelInferRequest request, SemaphoreSlim turns, ServerCallContext context)
    {
        var model = models.Find(request.ModelName, request.ModelVersion);
        var images = InputTensor.ImagesOf(request);
        var best = RequestedOutput.ClassificationOf(request, model.OutputName);
        var response = await model.InferAsync(new ImageBatch(images, turns, limits, context), best);
        response.Id = request.Id;
        return response;
    }
}
