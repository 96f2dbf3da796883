using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Status = Grpc.Core.Status;

namespace Topfive.Client.Tests;

/// <summary>A Gateway that answers by rule and remembers what it was asked, on a free port.</summary>
internal sealed class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeGateway(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public Rules Rules => _app.Services.GetRequiredService<Rules>();

    public static async Task<FakeGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(options => (options.MaxReceiveMessageSize, options.EnableDetailedErrors) = (null, true));
        builder.Services.AddSingleton<Rules>();
        var app = builder.Build();
        app.MapGrpcService<FakePrediction>();
        app.MapGrpcService<FakeFeatures>();
        app.MapGrpcService<FakeIngestion>();
        app.MapGrpcService<FakeHeads>();
        await app.StartAsync();
        return new FakeGateway(app);
    }

    public TopfiveClient Connect(Action<TopfiveClientOptions>? configure = null)
    {
        var options = new TopfiveClientOptions { Address = Address, RetryDelay = TimeSpan.FromMilliseconds(10) };
        configure?.Invoke(options);
        return new TopfiveClient(options);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }

    private sealed class FakePrediction(Rules rules) : Gateway.V1.Prediction.PredictionBase
    {
        public override Task<PredictResponse> Predict(PredictRequest request, ServerCallContext context)
        {
            rules.Predicted.Enqueue((request, context.RequestHeaders, context.Deadline));
            rules.FailNext();
            return Task.FromResult(new PredictResponse { Head = request.Head, ImageHash = request.ImageHash });
        }
    }

    private sealed class FakeHeads(Rules rules) : Heads.HeadsBase
    {
        public override Task<RollbackResponse> Rollback(RollbackRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref rules.Rollbacks);
            rules.FailNext();
            return Task.FromResult(new RollbackResponse());
        }
    }

    private sealed class FakeFeatures(Rules rules) : FeatureExtraction.FeatureExtractionBase
    {
        public override Task<FindMissingResponse> FindMissing(FindMissingRequest request, ServerCallContext context) =>
            Task.FromResult(new FindMissingResponse { MissingImageHashes = { request.ImageHashes.Where(hash => !rules.Known.ContainsKey(hash)) } });

        public override Task ExtractStream(
            IAsyncStreamReader<ExtractStreamRequest> requestStream, IServerStreamWriter<ExtractStreamResponse> responseStream, ServerCallContext context) =>
            rules.AnswerAsync(requestStream, responseStream, context, rules.Extracted, request =>
            {
                var response = new ExtractStreamResponse { Id = request.Id };
                if (request.Image.ToStringUtf8().StartsWith("bad", StringComparison.Ordinal))
                {
                    response.Error = new Google.Rpc.Status { Code = (int)Code.InvalidArgument, Message = "the JPEG is truncated" };
                }
                else
                {
                    response.Extracted = new ExtractResponse { Source = request.HasImage ? Source.Computed : Source.Store };
                }

                return response;
            });
    }

    private sealed class FakeIngestion(Rules rules) : Ingestion.IngestionBase
    {
        public override Task Ingest(
            IAsyncStreamReader<LabeledImage> requestStream, IServerStreamWriter<IngestResult> responseStream, ServerCallContext context) =>
            rules.AnswerAsync(requestStream, responseStream, context, rules.Ingested,
                request => new IngestResult { Id = request.Id, Ingested = new Ingested() });
    }
}

/// <summary>What a <see cref="FakeGateway"/> answers, and what it was asked.</summary>
internal sealed class Rules
{
    public int Rollbacks;

    private int _answered, _streams;

    public ConcurrentQueue<(PredictRequest Request, Metadata Headers, DateTime Deadline)> Predicted { get; } = [];

    public ConcurrentQueue<ExtractStreamRequest> Extracted { get; } = [];

    public ConcurrentQueue<LabeledImage> Ingested { get; } = [];

    /// <summary>What the next calls fail with, one after the other.</summary>
    public ConcurrentQueue<Google.Rpc.Status> Failures { get; } = [];

    /// <summary>Hashes that the store has.</summary>
    public ConcurrentDictionary<ByteString, bool> Known { get; } = [];

    /// <summary>Every stream breaks off with UNAVAILABLE after so many answers; what it has read then has none.</summary>
    public int? BreakAfter { get; set; }

    /// <summary>No stream answers before this.</summary>
    public TaskCompletionSource Answers { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when a stream's caller has gone.</summary>
    public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Streams => _streams;

    public int Answered => _answered;

    public static Google.Rpc.Status Unavailable => new() { Code = (int)Code.Unavailable, Message = "going down" };

    public void FailNext()
    {
        if (Failures.TryDequeue(out var failure)) throw failure.ToRpcException();
    }

    /// <summary>Reads on ahead of its answers, as a service with room does.</summary>
    public async Task AnswerAsync<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, ServerCallContext context,
        ConcurrentQueue<TRequest> read, Func<TRequest, TResponse> answer)
    {
        Interlocked.Increment(ref _streams);
        context.CancellationToken.Register(() => Gone.TrySetResult());
        var toAnswer = Channel.CreateUnbounded<TRequest>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var reading = ReadAsync();
        try
        {
            var here = 0;
            await Answers.Task.WaitAsync(context.CancellationToken);
            await foreach (var request in toAnswer.Reader.ReadAllAsync(context.CancellationToken))
            {
                if (here++ == BreakAfter) throw new RpcException(new Status(StatusCode.Unavailable, "going down"));
                await responses.WriteAsync(answer(request));
                Interlocked.Increment(ref _answered);
            }
        }
        finally
        {
            // A call that is over must not be read: Kestrel makes the next one of its parts.
            await stop.CancelAsync();
            await reading;
        }

        async Task ReadAsync()
        {
            try
            {
                await foreach (var request in requests.ReadAllAsync(stop.Token))
                {
                    read.Enqueue(request);
                    toAnswer.Writer.TryWrite(request);
                }

                toAnswer.Writer.Complete();
            }
            catch (Exception failure)
            {
                toAnswer.Writer.TryComplete(failure);
            }
        }
    }
}
