using Google.Protobuf;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Redis is killed, or hangs, under load, and comes back: what needs no store goes on as if nothing were.</summary>
public sealed class LostStoreTests : IAsyncLifetime
{
    private RedisServer? _redis;
    private FaultyCluster _cluster = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.TryStartAsync(persistent: true);
        Assert.SkipWhen(_redis is null, RedisServer.WhySkipped);
        _cluster = await FaultyCluster.StartAsync(_redis.ConnectionString, everywhere: new() { ["Store__PatienceMilliseconds"] = "1000" });
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Theory]
    [InlineData("killed")]
    [InlineData("hanging")]
    public async Task Without_the_store_everything_that_needs_none_goes_on_at_once_and_with_it_all_is_there_again(string redis)
    {
        var stored = new List<ByteString>();
        for (var i = 0; i < 20; i++) stored.Add(FaultyCluster.NewImage());
        foreach (var image in stored) await _cluster.Features.ExtractAsync(new ExtractRequest { Image = image, OmitVector = true });
        var load = new SteadyLoad();
        load.Repeat(4, async () => Assert.Equal(2048, (await _cluster.Features.ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage() })).Vector.Count));
        load.Repeat(2, async () => await _cluster.Predictions.PredictAsync(FaultyCluster.ByImage(FaultyCluster.NewImage())));
        load.Repeat(2, async () => await _cluster.Classifications.ClassifyAsync(FaultyCluster.ByVector()));
        await load.GoOnAsync();

        await (redis == "killed" ? _redis!.KillAsync() : _redis!.PauseAsync());
        // Long enough for every wait between two attempts to have grown to its longest.
        var gone = Task.Delay(TimeSpan.FromSeconds(redis == "killed" ? 30 : 0));
        await Eventually.TrueAsync("both services know that the store is away", async () => (await ConnectedAsync()).All(connected => connected == 0));
        await load.EndAsync();
        await EachPredictionAsksForTheStoredVectorOnceAsync(stored[0]);

        var lookUps = new List<TimeSpan>();
        var away = new SteadyLoad();
        away.Repeat(4, async () =>
        {
            var answer = await _cluster.Features.ExtractAsync(new ExtractRequest { Image = stored[Random.Shared.Next(stored.Count)] });
            Assert.NotEqual(Source.Store, answer.Source);
            lock (lookUps) lookUps.Add(answer.Timing.Store.ToTimeSpan());
        });
        away.Repeat(2, async () => Assert.NotEqual(Source.Store, (await _cluster.Predictions.PredictAsync(FaultyCluster.ByImage(stored[0]))).Source));
        away.Repeat(2, async () => await _cluster.Classifications.ClassifyAsync(FaultyCluster.ByVector()));
        await away.GoOnAsync();
        await gone;
        await away.EndAsync();

        await (redis == "killed" ? _redis!.StartAgainAsync() : _redis!.ResumeAsync());
        await Eventually.TrueAsync("both services know that the store is back", async () => (await ConnectedAsync()).All(connected => connected == 1));
        // What was acknowledged before is there: this Redis has every write on its disk before it answers (appendfsync always).
        var hashes = stored.Select(image => ByteString.CopyFrom(ImageHash.Of(image.Span).ToByteArray()));
        Assert.Empty((await _cluster.Features.FindMissingAsync(new FindMissingRequest { ImageHashes = { hashes } })).MissingImageHashes);
        Assert.Equal(Source.Store, (await _cluster.Features.ExtractAsync(new ExtractRequest { Image = stored[0] })).Source);

        load.NoneFailed();
        away.NoneFailed();
        // A store that had to be waited for would take five seconds. A busy machine is slow as well: this is no measurement.
        Assert.InRange(lookUps.Order().ElementAt(lookUps.Count / 2), TimeSpan.Zero, TimeSpan.FromMilliseconds(100));
        Assert.InRange(away.Percentile(0.99), TimeSpan.Zero, TimeSpan.FromSeconds(4));
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"store away: {away.Count} calls, p50 {away.Percentile(0.5).TotalMilliseconds:F1} ms, p99 {away.Percentile(0.99).TotalMilliseconds:F1} ms; while it went: longest {load.Longest.TotalMilliseconds:F0} ms");
        foreach (var service in new[] { _cluster.Services.FeatureProcesses[0], _cluster.Services.ClassifierProcesses[0] })
        {
            Assert.Single(service.Output, line => line.Contains("the feature store does not answer, so nothing asks it"));
            Assert.Single(service.Output, line => line.Contains("the feature store answers again"));
        }
    }

    private async Task EachPredictionAsksForTheStoredVectorOnceAsync(ByteString image)
    {
        const int predictions = 5;
        // A scrape may be 0.3 s old.
        await Task.Delay(500);
        var before = await UnavailableClassificationsAsync();
        for (var i = 0; i < predictions; i++)
        {
            Assert.Equal(Source.Computed, (await _cluster.Predictions.PredictAsync(FaultyCluster.ByImage(image))).Source);
        }

        await Eventually.TrueAsync("the classifier has counted them", async () => await UnavailableClassificationsAsync() - before >= predictions);
        Assert.Equal(predictions, await UnavailableClassificationsAsync() - before);
    }

    private async Task<double[]> ConnectedAsync() => await Task.WhenAll(
        new[] { _cluster.Services.FeatureProcesses[0], _cluster.Services.ClassifierProcesses[0] }
            .Select(async service => (await Scrape.OfAsync(await service.HttpAddressAsync())).Sum("topfive_store_connected")));

    /// <summary>Calls by hash that the classifier could not look up, as the classifier counts them.</summary>
    private async Task<double> UnavailableClassificationsAsync() =>
        (await Scrape.OfAsync(await _cluster.Services.ClassifierProcesses[0].HttpAddressAsync())).Sum(
            "rpc_server_call_duration_seconds_count", ("rpc_method", "topfive.classifier.v1.Classification/Classify"), ("rpc_response_status_code", "UNAVAILABLE"));
}
