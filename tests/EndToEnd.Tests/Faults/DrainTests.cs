using System.Net;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Services that are told to stop in the middle of their work, as a rolling restart does to each.</summary>
public sealed class DrainTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private EmbeddedStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await EmbeddedStore.StartAsync(_directory.Path);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_rolling_restart_of_the_services_behind_the_gateway_fails_no_unary_call_and_no_item()
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, features: 2, classifiers: 2);
        var known = FaultyCluster.NewImage();
        await cluster.Features.ExtractAsync(new ExtractRequest { Image = known });
        var load = new SteadyLoad();
        load.Repeat(3, async () => await cluster.Features.ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage() }));
        load.Repeat(3, async () => await cluster.Predictions.PredictAsync(FaultyCluster.ByImage(FaultyCluster.NewImage())));
        load.Repeat(2, async () => await cluster.Predictions.PredictAsync(FaultyCluster.ByImage(known)));
        load.Repeat(1, async () => await cluster.Features.GetBackboneAsync(new GetBackboneRequest()));
        load.Repeat(1, () => IngestAsync(cluster, 20));
        await load.GoOnAsync();

        for (var replica = 0; replica < 2; replica++)
        {
            await StopAsync(cluster.Services.FeatureProcesses[replica]);
            await load.GoOnAsync();
            await cluster.Services.StartAgainAsync(replica);
            await StopAsync(cluster.Services.ClassifierProcesses[replica]);
            await load.GoOnAsync();
            await cluster.Services.StartClassifierAgainAsync(replica);
        }

        await load.GoOnAsync();
        await load.EndAsync();
        load.NoneFailed();
    }

    [Fact]
    public async Task A_classifier_that_is_killed_costs_its_callers_a_retry_and_no_error()
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, classifiers: 2);
        var load = new SteadyLoad();
        load.Repeat(4, async () => await cluster.Predictions.PredictAsync(FaultyCluster.ByImage(FaultyCluster.NewImage())));
        load.Repeat(2, () => IngestAsync(cluster, 20));
        await load.GoOnAsync();

        await cluster.Services.ClassifierProcesses[0].KillAsync();
        await load.GoOnAsync();
        await cluster.Services.StartClassifierAgainAsync(0);
        await load.GoOnAsync();

        await load.EndAsync();
        load.NoneFailed();
    }

    [Theory]
    [InlineData("FeatureService")]
    [InlineData("Gateway")]
    public async Task A_bulk_stream_of_a_service_that_stops_answers_what_it_took_and_ends_with_when_to_resume(string stops)
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString);
        var process = stops == "Gateway" ? cluster.Services.GatewayProcess : cluster.Services.FeatureProcesses[0];
        using var channel = GrpcChannel.ForAddress(process.Address);
        using var stream = new FeatureExtraction.FeatureExtractionClient(channel).ExtractStream();
        var sent = new List<string>();
        var answered = new List<ExtractStreamResponse>();
        var ended = ReadAsync();
        await SendUntilAsync(() => answered.Count >= 20);

        await process.TellToStopAsync();
        await SendUntilAsync(() => ended.IsCompleted);

        var end = await ended;
        Assert.Equal(StatusCode.Unavailable, end.StatusCode);
        Assert.Contains("send those without an answer again", end.Status.Detail);
        Assert.NotNull(end.GetRpcStatus()?.GetDetail<RetryInfo>());
        Assert.All(answered, item => Assert.NotNull(item.Extracted));
        // In completion order, and the first so many of those sent: nothing was taken and left without an answer.
        Assert.Equal(sent.Take(answered.Count).Order(), answered.Select(item => item.Id).Order());
        Assert.Equal((0, ""), await process.EndedAsync());

        async Task<RpcException> ReadAsync()
        {
            try
            {
                await foreach (var item in stream.ResponseStream.ReadAllAsync()) lock (answered) answered.Add(item);
            }
            catch (RpcException exception)
            {
                return exception;
            }

            throw new InvalidOperationException("the stream ended as if it had been read to its end");
        }

        async Task SendUntilAsync(Func<bool> enough)
        {
            try
            {
                for (; !enough(); sent.Add($"{sent.Count}"))
                {
                    await stream.RequestStream.WriteAsync(new ExtractStreamRequest { Id = $"{sent.Count}", Image = FaultyCluster.NewImage(), OmitVector = true });
                }
            }
            catch (Exception exception) when (exception is RpcException or InvalidOperationException)
            {
                // It takes no more.
            }
        }
    }

    [Fact]
    public async Task Health_says_not_serving_first_and_calls_are_answered_while_balancers_look_elsewhere()
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, everywhere: new() { ["Listen__DrainSeconds"] = "3" });
        var process = cluster.Services.FeatureProcesses[0];
        using var channel = GrpcChannel.ForAddress(process.Address);
        using var http = new HttpClient { BaseAddress = await process.HttpAddressAsync() };
        await process.TellToStopAsync();

        await Eventually.TrueAsync("health says NOT_SERVING", async () =>
            (await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest())).Status == HealthCheckResponse.Types.ServingStatus.NotServing);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await http.GetAsync("/healthz/ready")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz/live")).StatusCode);
        using (var other = GrpcChannel.ForAddress(process.Address))
        {
            await new FeatureExtraction.FeatureExtractionClient(other).ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage() });
        }

        Assert.Equal((0, ""), await process.EndedAsync());
    }

    private static async Task StopAsync(ServiceProcess process)
    {
        Assert.Equal((0, ""), await process.StopAsync());
    }

    private static async Task IngestAsync(FaultyCluster cluster, int count)
    {
        using var stream = cluster.Ingestions.Ingest();
        var reading = stream.ResponseStream.ReadAllAsync().ToListAsync();
        for (var i = 0; i < count; i++)
        {
            await stream.RequestStream.WriteAsync(new LabeledImage { Id = $"{i}", Dataset = "pets", Label = "cat", Image = FaultyCluster.NewImage() });
        }

        await stream.RequestStream.CompleteAsync();
        var results = await reading;
        Assert.Equal(count, results.Count);
        Assert.All(results, result => Assert.True(result.Ingested is not null, $"{result.Error}"));
    }
}
