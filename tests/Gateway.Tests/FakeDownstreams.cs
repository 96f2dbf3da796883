using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using ClassifierPrediction = Topfive.Classifier.V1.Prediction;

namespace Topfive.Gateway.Tests;

/// <summary>
/// Stands in for FeatureService and ClassifierService where a test needs a downstream that hangs, fails or counts. An
/// image whose first byte is 'x' is refused; at one that starts with 'b' a bug shows; one that starts with 's' is extracted, and head 'slow' answers,
/// only when <see cref="Slow"/> ends.
/// </summary>
internal sealed class FakeDownstreams
{
    public const string Fingerprint = "f00d";

    public ConcurrentDictionary<ByteString, ByteString> Vectors { get; } = new();

    public ConcurrentBag<int> ExampleBatches { get; } = [];

    public ConcurrentQueue<DateTime> Deadlines { get; } = new();

    public ConcurrentBag<bool> Bulk { get; } = [];

    public ConcurrentBag<ExtractRequest> Extracted { get; } = [];

    public ConcurrentBag<Example> Examples { get; } = [];

    /// <summary>What calls of GetDataset had with them.</summary>
    public ConcurrentQueue<Metadata> Headers { get; } = [];

    public TaskCompletionSource Slow { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Says that it is not ready, as a FeatureService that has just been started does.</summary>
    public bool WarmingUp { get; set; }

    /// <summary>Calls that it was asked to extract in, refused ones as well.</summary>
    public int Asked;

    /// <summary>Calls of head 'slow'.</summary>
    public int AskedSlowly;

    public int Extractions;

    public async Task<WebApplication> StartAsync(IEnumerable<(string Key, string Value)>? settings = null)
    {
        var all = FreePorts;
        foreach (var (key, value) in settings ?? []) all[key] = value;
        var builder = ServiceBuilder.Create("fake", [], all, 0, 0);
        builder.Services.AddSingleton(this);
        builder.Services.AddHealthChecks().AddCheck("fake", () => HealthCheckResult.Healthy());
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapGrpcService<Features>();
        app.MapGrpcService<Classifier>();
        app.MapGrpcService<FakeDatasets>();
        app.MapGrpcService<FakeHeads>();
        app.MapGrpcService<FakeTraining>();
        await app.StartAsync();
        return app;
    }

    public static Dictionary<string, string?> FreePorts => new() { ["Listen:GrpcPort"] = "0", ["Listen:HttpPort"] = "0" };

    private sealed class Features(FakeDownstreams fake) : FeatureExtraction.FeatureExtractionBase
    {
        public override async Task<ExtractResponse> Extract(ExtractRequest request, ServerCallContext context)
        {
            Interlocked.Increment(ref fake.Asked);
            if (fake.WarmingUp)
            {
                throw Failure.Unavailable("warming up");
            }

            fake.Deadlines.Enqueue(context.Deadline);
            fake.Bulk.Add(request.Bulk);
            if (request.Image.Span[0] == 'x')
            {
                throw Failure.InvalidInput("not an image");
            }

            if (request.Image.Span[0] == 'b')
            {
                throw new InvalidOperationException("a bug");
            }

            if (request.Image.Span[0] == 's')
            {
                try
                {
                    await fake.Slow.Task.WaitAsync(context.CancellationToken);
                }
                catch (OperationCanceledException)
                {
                    fake.Cancelled.SetResult();
                    throw;
                }
            }

            Interlocked.Increment(ref fake.Extractions);
            var hash = ByteString.CopyFrom(ImageHash.Of(request.Image.Span).ToByteArray());
            fake.Vectors[hash] = request.Image;
            var response = new ExtractResponse { ImageHash = hash, BackboneFingerprint = Fingerprint, Source = Source.Computed };
            response.Vector.Add(1f);
            fake.Extracted.Add(request);
            response.Copies.Add(Enumerable.Range(1, request.AugmentedCopies)
                .Select(copy => new ExtractedCopy { Source = copy == 1 ? Source.Store : Source.Computed }));
            return response;
        }

        public override Task<FindMissingResponse> FindMissing(FindMissingRequest request, ServerCallContext context) =>
            Task.FromResult(new FindMissingResponse { MissingImageHashes = { request.ImageHashes } });

        public override async Task GetVectors(GetVectorsRequest request, IServerStreamWriter<StoredVector> responseStream, ServerCallContext context)
        {
            foreach (var hash in request.ImageHashes)
            {
                await responseStream.WriteAsync(new StoredVector { ImageHash = hash });
            }
        }

        public override async Task<PutVectorsResponse> PutVectors(IAsyncStreamReader<PutVectorsRequest> requestStream, ServerCallContext context)
        {
            var stored = 0;
            await foreach (var request in requestStream.ReadAllAsync())
            {
                stored += request.BackboneFingerprint == Fingerprint ? request.Vectors.Count : throw Failure.Precondition("another backbone's");
            }

            return new PutVectorsResponse { Stored = stored };
        }

        public override Task<DeleteVectorsResponse> DeleteVectors(DeleteVectorsRequest request, ServerCallContext context) =>
            Task.FromResult(new DeleteVectorsResponse { Deleted = request.ImageHashes.Count });

        public override Task<Backbone> GetBackbone(GetBackboneRequest request, ServerCallContext context) =>
            Task.FromResult(new Backbone { Fingerprint = Fingerprint, Dimensions = 1 });
    }

    private sealed class Classifier(FakeDownstreams fake) : Classification.ClassificationBase
    {
        public override async Task<ClassifyResponse> Classify(ClassifyRequest request, ServerCallContext context)
        {
            if (request.Head == "slow")
            {
                Interlocked.Increment(ref fake.AskedSlowly);
                await fake.Slow.Task.WaitAsync(context.CancellationToken);
            }

            if (request.Head is not ("pets" or "slow"))
            {
                throw Failure.NotFound($"head '{request.Head}' is unknown");
            }

            if (request.InputCase == ClassifyRequest.InputOneofCase.ImageHash && !fake.Vectors.ContainsKey(request.ImageHash))
            {
                throw Failure.NotFound("no vector of this image", Reason.VectorUnavailable);
            }

            var response = new ClassifyResponse { Head = "pets", Version = 3, BackboneFingerprint = Fingerprint };
            response.Predictions.Add(new ClassifierPrediction { Label = "cat", Probability = 1 });
            if (request.TopK > 1) response.Predictions.Add(new ClassifierPrediction { Label = "ape", Index = 1, Probability = 0.25f });
            response.Neighbors.Add(Enumerable.Range(0, request.NearestExamples).Select(place => new Neighbor { Label = $"neighbour {place}" }));
            response.Unknown = request.AnswerUnknown ? new Unknown { Score = 3, Threshold = 2, Unknown_ = true } : null;
            response.NeighborsDatasetDigest = request.NearestExamples > 0 ? "digest" : "";
            response.NeighborsDatasetChanged = request.NearestExamples > 0;
            return response;
        }
    }

    private sealed class FakeHeads(FakeDownstreams fake) : Heads.HeadsBase
    {
        public override Task<ListHeadsResponse> ListHeads(ListHeadsRequest request, ServerCallContext context)
        {
            if (request.Head is not ("" or "pets")) throw Failure.NotFound($"head '{request.Head}' is unknown");
            return Task.FromResult(new ListHeadsResponse
            {
                Heads =
                {
                    new Head { Head_ = "pets", Version = 3, Live = true, Labels = { "cat", "ape" } },
                    new Head { Head_ = "pets", Version = 2, Labels = { "cat" } },
                },
            });
        }

        public override Task<PromoteResponse> Promote(PromoteRequest request, ServerCallContext context)
        {
            fake.Headers.Enqueue(context.RequestHeaders);
            return Task.FromResult(new PromoteResponse { Head = new Head { Head_ = request.Head, Version = request.Version, Live = true }, PreviousVersion = 3 });
        }
    }

    /// <summary>One run, "run", of two epochs: finished when <see cref="Slow"/> ends.</summary>
    private sealed class FakeTraining(FakeDownstreams fake) : Training.TrainingBase
    {
        public override Task<Run> GetRun(GetRunRequest request, ServerCallContext context) => request.RunId == "run"
            ? Task.FromResult(new Run { RunId = "run", State = fake.Slow.Task.IsCompleted ? RunState.Succeeded : RunState.Running, EpochsDone = fake.Slow.Task.IsCompleted ? 2 : 1 })
            : throw Failure.NotFound($"run '{request.RunId}' is unknown");

        public override async Task WatchRun(WatchRunRequest request, IServerStreamWriter<RunEvent> responseStream, ServerCallContext context)
        {
            await responseStream.WriteAsync(new RunEvent { Epoch = new Epoch { Epoch_ = 1, Loss = 2 } });
            await fake.Slow.Task.WaitAsync(context.CancellationToken);
            await responseStream.WriteAsync(new RunEvent { Epoch = new Epoch { Epoch_ = 2, Loss = 1 } });
            await responseStream.WriteAsync(new RunEvent { Finished = new Finished { Head = "pets", Version = 4 } });
        }
    }

    private sealed class FakeDatasets(FakeDownstreams fake) : Datasets.DatasetsBase
    {
        public override async Task<AddExamplesResponse> AddExamples(IAsyncStreamReader<Example> requestStream, ServerCallContext context)
        {
            var added = 0;
            await foreach (var example in requestStream.ReadAllAsync())
            {
                added++;
                fake.Examples.Add(example);
            }

            fake.ExampleBatches.Add(added);
            return new AddExamplesResponse { Added = added };
        }

        public override Task<Dataset> GetDataset(GetDatasetRequest request, ServerCallContext context)
        {
            fake.Headers.Enqueue(context.RequestHeaders);
            throw Failure.NotFound($"dataset '{request.Dataset}' is unknown");
        }
    }
}
