using System.Collections.Concurrent;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Cli.Tests;

/// <summary>A Gateway that answers by rule and remembers what it was asked, on a free port.</summary>
internal sealed partial class FakeGateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeGateway(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    public Answers State => _app.Services.GetRequiredService<Answers>();

    public static async Task<FakeGateway> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Answers>();
        var app = builder.Build();
        app.MapGrpcService<FakePrediction>();
        app.MapGrpcService<FakeIngestion>();
        app.MapGrpcService<FakeDatasets>();
        app.MapGrpcService<FakeTraining>();
        app.MapGrpcService<FakeHeads>();
        app.MapGrpcService<FakeClassification>();
        app.MapGrpcService<FakeFeatures>();
        await app.StartAsync();
        return new FakeGateway(app);
    }

    /// <summary>Runs a command line against this Gateway.</summary>
    public Task<Outcome> RunAsync(params string[] args) => CommandLine.RunAsync([.. args, "--gateway", Address]);

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>What the fake answers, and what it was asked.</summary>
    internal sealed class Answers
    {
        public ConcurrentQueue<LabeledImage> Ingested { get; } = [];

        /// <summary>Hashes that the store has.</summary>
        public ConcurrentDictionary<ByteString, bool> Known { get; } = [];

        /// <summary>What every dataset holds; an ingested image changes nothing here. Empty: there is no dataset.</summary>
        public ConcurrentQueue<Example> Examples { get; } = [];

        public StartRunRequest? Started { get; set; }

        /// <summary>Of the run that starts.</summary>
        public Recipe? Recipe { get; set; }

        public PredictRequest? Predicted { get; set; }

        public List<Head> Heads { get; } = [];

        public IReadOnlyList<RunEvent> Events { get; set; } = [];

        /// <summary>Of every head, newest first.</summary>
        public List<Promotion> Promotions { get; } = [];

        /// <summary>Null: there is none.</summary>
        public Dataset? Dataset { get; set; }

        /// <summary>The watch breaks once after this many events.</summary>
        public int? BreakAfter { get; set; }

        public long MaxImageBytes { get; set; } = 1 << 20;

        /// <summary>How long each image takes.</summary>
        public TimeSpan Pause { get; set; }
    }

    private sealed class FakeFeatures(Answers answers) : FeatureExtraction.FeatureExtractionBase
    {
        public override Task<Backbone> GetBackbone(GetBackboneRequest request, ServerCallContext context) =>
            Task.FromResult(new Backbone { MaxImageBytes = answers.MaxImageBytes });

        public override Task<FindMissingResponse> FindMissing(FindMissingRequest request, ServerCallContext context) =>
            Task.FromResult(new FindMissingResponse { MissingImageHashes = { request.ImageHashes.Where(hash => !answers.Known.ContainsKey(hash)) } });
    }

    private sealed class FakePrediction(Answers answers) : Gateway.V1.Prediction.PredictionBase
    {
        public override Task<PredictResponse> Predict(PredictRequest request, ServerCallContext context)
        {
            answers.Predicted = request;
            if (request.Image.ToStringUtf8() is "text")
            {
                throw new RpcException(new Status(StatusCode.InvalidArgument, "image is not an image"));
            }

            if (request.Head == "nothing")
            {
                throw new RpcException(new Status(StatusCode.NotFound, "head \"nothing\" does not exist"));
            }

            var response = new PredictResponse { Head = request.Head, Version = 3, Source = Source.InFlight, ImageHash = ByteString.CopyFrom(0xAB, 0xCD) };
            response.Predictions.Add(new Classifier.V1.Prediction { Label = "[tulip]", Index = 4, Probability = 0.75f });
            response.Predictions.Add(new Classifier.V1.Prediction { Label = "rose", Index = 1, Probability = 0.125f });
            response.Unknown = request.AnswerUnknown ? new Unknown { Score = float.PositiveInfinity, Threshold = 40, Unknown_ = true } : null;
            response.Neighbors.Add(Enumerable.Range(0, request.NearestExamples).Select(place => new Neighbor
            {
                Label = "[tulip]",
                Cosine = 0.75f,
                ImageHash = ByteString.CopyFrom(0xEF, (byte)place),
            }));
            response.NeighborsDatasetChanged = request.NearestExamples == 3;
            return Task.FromResult(response);
        }
    }

    /// <summary>An image that begins with "hit" was known, with "bad" is refused, with "end" ends the stream.</summary>
    private sealed class FakeIngestion(Answers answers) : Ingestion.IngestionBase
    {
        public override async Task Ingest(
            IAsyncStreamReader<LabeledImage> requestStream, IServerStreamWriter<IngestResult> responseStream, ServerCallContext context)
        {
            await foreach (var image in requestStream.ReadAllAsync())
            {
                var text = image.Image.ToStringUtf8();
                if (text.StartsWith("end"))
                {
                    throw new RpcException(new Status(StatusCode.Internal, "the store burns"));
                }

                answers.Ingested.Enqueue(image);
                var result = new IngestResult { Id = image.Id };
                if (text.StartsWith("bad"))
                {
                    result.Error = new Google.Rpc.Status { Code = (int)StatusCode.InvalidArgument, Message = "the JPEG is truncated" };
                }
                else
                {
                    var isKnown = image.InputCase == LabeledImage.InputOneofCase.ImageHash;
                    var copies = image.Split == Split.Validation ? 0 : image.AugmentedCopies;
                    result.Ingested = new Ingested
                    {
                        Source = isKnown || text.StartsWith("hit") ? Source.Store : Source.Computed,
                        AugmentedCopies = copies,
                        ComputedCopies = isKnown ? 0 : copies,
                    };
                    ImageHash.TryRead(isKnown ? image.ImageHash.Span : SHA256.HashData(image.Image.Span), out var hash);
                    for (var copy = 0; copy <= copies; copy++)
                    {
                        answers.Known[ByteString.CopyFrom(AugmentedCopy.Hash(hash, image.Augmentation, copy).ToByteArray())] = true;
                    }
                }

                await Task.Delay(answers.Pause);
                await responseStream.WriteAsync(result);
            }
        }
    }
}
