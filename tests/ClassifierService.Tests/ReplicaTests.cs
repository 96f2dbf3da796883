using System.Diagnostics;
using System.Net;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Two replicas of the service on one Redis.</summary>
public sealed class ReplicaTests : IAsyncLifetime
{
    private readonly string _head = Some.Name("head");
    private RedisServer? _redis;
    private ServiceUnderTest _one = null!;
    private ServiceUnderTest _two = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(_redis is null, RedisServer.WhySkipped);
        _one = await ServiceUnderTest.StartAsync(("Store:ConnectionString", _redis.ConnectionString));
        _two = await ServiceUnderTest.StartAsync(("Store:ConnectionString", _redis.ConnectionString));
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is null) return;
        await _two.DisposeAsync();
        await _one.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task A_promotion_on_one_is_served_by_the_other_within_a_second_and_no_call_fails()
    {
        for (var favourite = 0; favourite < 2; favourite++) await _one.ImportAsync(_head, Some.Model(favourite: favourite));
        using var stop = new CancellationTokenSource();
        var callers = new[] { _one, _two, _two }.Select(service => CallAsync(service, stop.Token)).ToList();

        var slowest = TimeSpan.Zero;
        for (var promotion = 0; promotion < 20; promotion++)
        {
            var version = 2 - (promotion % 2);
            await _one.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = version });
            var clock = Stopwatch.StartNew();
            while ((await _two.Classification.ClassifyAsync(Some.Request(_head, topK: 1))).Version != version)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(1), "the other replica still serves the version before");
            }

            if (clock.Elapsed > slowest) slowest = clock.Elapsed;
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(callers), calls => Assert.True(calls > 20));
        TestContext.Current.TestOutputHelper?.WriteLine($"slowest exchange: {slowest.TotalMilliseconds:F1} ms");
    }

    [Fact]
    public async Task A_run_is_watched_and_cancelled_from_the_other_replica()
    {
        var dataset = await _one.AddDatasetAsync();
        var run = await _one.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = new Recipe { Epochs = 10_000 } });
        using (var call = _two.Training.WatchRun(new WatchRunRequest { RunId = run.RunId }))
        {
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(1, call.ResponseStream.Current.Epoch.Epoch_);
        }

        Assert.Equal(RunState.Cancelled, (await _two.Training.CancelRunAsync(new CancelRunRequest { RunId = run.RunId })).State);
    }

    [Fact]
    public async Task Without_the_store_live_heads_serve_on_and_health_and_everything_else_says_what_is_missing()
    {
        await _one.ImportAsync(_head, Some.Model());
        await _one.Classification.ClassifyAsync(Some.Request(_head));
        using var http = new HttpClient { BaseAddress = _one.HttpAddress };
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/healthz/ready")).StatusCode);

        await _redis!.KillAsync();

        Assert.Equal(1, (await _one.Classification.ClassifyAsync(Some.Request(_head))).Version);
        var byImage = await Some.RefusedAsync(
            StatusCode.Unavailable,
            async () => await _one.Classification.ClassifyAsync(new ClassifyRequest { Head = _head, ImageHash = Some.Bytes(Some.Image()) }), "store");
        Assert.True(byImage.HasReason(Reason.VectorUnavailable));
        await Some.RefusedAsync(StatusCode.Unavailable, async () => await _one.Heads.ListHeadsAsync(new ListHeadsRequest()), "store");
        var degraded = await http.GetAsync("/healthz/ready");
        Assert.Equal(HttpStatusCode.OK, degraded.StatusCode);
        Assert.Contains("\"Degraded\"", await degraded.Content.ReadAsStringAsync());

        // The other one has no live head in memory, and so nothing to serve.
        using var other = new HttpClient { BaseAddress = _two.HttpAddress };
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await other.GetAsync("/healthz/ready")).StatusCode);
    }

    private async Task<int> CallAsync(ServiceUnderTest service, CancellationToken stop)
    {
        var calls = 0;
        for (; !stop.IsCancellationRequested; calls++)
        {
            Assert.InRange((await service.Classification.ClassifyAsync(Some.Request(_head, topK: 1), cancellationToken: CancellationToken.None)).Version, 1, 2);
        }

        return calls;
    }
}
