using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.Gateway;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;
using PredictionClient = Topfive.Gateway.V1.Prediction.PredictionClient;

namespace Topfive.ClassifierService.Tests;

/// <summary>Two replicas on one Redis, each behind a Gateway, while what is live changes under their calls.</summary>
public sealed class PromotionLoadTests : IAsyncLifetime
{
    private const int Labels = 7;

    /// <summary>So long may a replica serve what is live no more.</summary>
    private static readonly TimeSpan Staleness = TimeSpan.FromSeconds(1);

    private readonly string _head = Some.Name("head");
    private readonly ImageHash _image = Some.Image();
    private readonly List<(long Version, TimeSpan Asked, TimeSpan Done)> _live = [];
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<WebApplication> _gateways = [];
    private readonly List<GrpcChannel> _channels = [];
    private readonly List<ServiceUnderTest> _replicas = [];
    private RedisServer? _redis;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(_redis is null, RedisServer.WhySkipped);
        for (var replica = 0; replica < 2; replica++)
        {
            _replicas.Add(await ServiceUnderTest.StartAsync(("Store:ConnectionString", _redis.ConnectionString)));
            var gateway = GatewayHost.Build([], new Dictionary<string, string?>
            {
                ["Listen:GrpcPort"] = "0",
                ["Listen:HttpPort"] = "0",
                ["Logging:LogLevel:Default"] = "Warning",
                ["Services:Classifier"] = $"dns:///{_replicas[replica].Address.Authority}",
                // Known images need no FeatureService.
                ["Services:Features"] = "http://127.0.0.1:9",
            });
            await gateway.StartAsync();
            _gateways.Add(gateway);
            _channels.Add(GrpcChannel.ForAddress(gateway.GrpcAddress()));
        }

        await _replicas[0].Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, _image, SyntheticVectors.Vector(1, 0));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels) channel.Dispose();
        foreach (var gateway in _gateways)
        {
            await gateway.StopAsync();
            await gateway.DisposeAsync();
        }

        foreach (var replica in _replicas) await replica.DisposeAsync();
        if (_redis is not null) await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Fifty_promotions_and_rollbacks_fail_no_call_and_every_answer_is_of_a_version_that_was_live()
    {
        await AddVersionAsync();
        _live.Add((1, _clock.Elapsed, _clock.Elapsed));
        using var stop = new CancellationTokenSource();
        var callers = StartCallers(stop.Token);

        var slowest = TimeSpan.Zero;
        for (var change = 0; change < 50; change++)
        {
            var heads = _replicas[change % 2].Heads;
            var before = _live[^1].Version;
            if (change % 3 == 2)
            {
                var asked = _clock.Elapsed;
                var back = await heads.RollbackAsync(new RollbackRequest { Head = _head });
                _live.Add((back.Head.Version, asked, _clock.Elapsed));
            }
            else
            {
                var version = await AddVersionAsync();
                var asked = _clock.Elapsed;
                await heads.PromoteAsync(new PromoteRequest { Head = _head, Version = version });
                _live.Add((version, asked, _clock.Elapsed));
            }

            // Gone at once, though calls may still be on their way with it.
            if (change % 5 == 4) await heads.DeleteVersionAsync(new DeleteVersionRequest { Head = _head, Version = before });
            if (change % 2 == 0) slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, (await FollowAsync(_replicas[1 - (change % 2)], _live[^1].Version)).Ticks));
        }

        await stop.CancelAsync();
        var calls = (await Task.WhenAll(callers)).SelectMany(list => list).ToList();

        Assert.All(calls, call => Assert.Null(call.Failure));
        Assert.All(calls, call => Assert.True(
            WasLive(call), $"version {call.Version} answered a call from {call.Started} to {call.Ended}; live were {string.Join(", ", _live)}"));
        Assert.All(calls, call => Assert.Equal(call.Version % Labels, call.Label));
        Assert.True(calls.Select(call => call.Version).Distinct().Count() > 5);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{_live.Count - 1} changes, {calls.Count} calls, 0 failures; the other replica followed within {slowest.TotalMilliseconds:F1} ms");
    }

    [Fact]
    public async Task A_promotion_whose_message_is_lost_reaches_the_replicas_within_a_second()
    {
        for (var version = 1; version <= 2; version++) await AddVersionAsync();
        foreach (var replica in _replicas) await replica.Classification.ClassifyAsync(Some.Request(_head));

        // What a promotion writes, and nobody is told.
        Assert.Equal("+OK", await _redis!.AskAsync($"SET topfive:head:{{{Uri.EscapeDataString(_head)}}}:live 1,2"));

        var slowest = await Task.WhenAll(_replicas.Select(replica => FollowAsync(replica, 2)));
        TestContext.Current.TestOutputHelper?.WriteLine($"followed within {slowest.Max().TotalMilliseconds:F0} ms");
    }

    [Fact]
    public async Task A_head_deleted_while_serving_answers_and_then_is_not_found_and_nothing_else()
    {
        for (var version = 1; version <= 2; version++) await AddVersionAsync();
        using var stop = new CancellationTokenSource();
        var callers = StartCallers(stop.Token);
        await Task.Delay(200);

        var deleted = _clock.Elapsed;
        await _replicas[0].Heads.DeleteHeadAsync(new DeleteHeadRequest { Head = _head });
        await Task.Delay(Staleness + TimeSpan.FromMilliseconds(500));
        await stop.CancelAsync();
        var calls = (await Task.WhenAll(callers)).SelectMany(list => list).ToList();

        Assert.All(calls, call => Assert.True(call.Failure is null or StatusCode.NotFound, $"{call.Failure}"));
        Assert.All(calls.Where(call => call.Ended < deleted), call => Assert.Null(call.Failure));
        Assert.All(calls.Where(call => call.Started > deleted + Staleness), call => Assert.Equal(StatusCode.NotFound, call.Failure));
        Assert.Contains(calls, call => call.Failure is null);
        Assert.Contains(calls, call => call.Failure is not null);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _replicas[1].Classification.ClassifyAsync(Some.Request(_head)), $"there is no head '{_head}'");
    }

    private async Task<long> AddVersionAsync()
    {
        var heads = await _replicas[0].Get<HeadStore>().ListVersionsAsync(_head);
        var next = heads.Count == 0 ? 1 : heads[0].Version + 1;
        var last = _live.Select(live => live.Version).Append(0).Max();
        var version = Math.Max(next, last + 1);
        var added = (await _replicas[0].ImportAsync(_head, Some.Model(Labels, favourite: (int)(version % Labels)))).Version;
        Assert.Equal(version, added);
        return added;
    }

    /// <returns>How long it took the replica to serve the version; at most a second.</returns>
    private async Task<TimeSpan> FollowAsync(ServiceUnderTest replica, long version)
    {
        for (var patience = Stopwatch.StartNew(); ;)
        {
            if ((await replica.Classification.ClassifyAsync(Some.Request(_head, topK: 1))).Version == version) return patience.Elapsed;
            Assert.True(patience.Elapsed < Staleness, $"after a second the replica does not serve version {version}");
        }
    }

    private List<Task<List<Call>>> StartCallers(CancellationToken stop) =>
    [
        .. _replicas.SelectMany(replica => Enumerable.Range(0, 2).Select(_ => CallAsync(
            async () =>
            {
                var response = await replica.Classification.ClassifyAsync(Some.Request(_head, topK: 1), cancellationToken: CancellationToken.None);
                return (response.Version, response.Predictions[0].Index);
            }, stop))),
        .. _channels.Select(channel => CallAsync(
            async () =>
            {
                var response = await new PredictionClient(channel).PredictAsync(
                    new PredictRequest { Head = _head, ImageHash = Some.Bytes(_image), TopK = 1 }, cancellationToken: CancellationToken.None);
                return (response.Version, response.Predictions[0].Index);
            }, stop)),
    ];

    private async Task<List<Call>> CallAsync(Func<Task<(long Version, int Label)>> call, CancellationToken stop)
    {
        var calls = new List<Call>();
        while (!stop.IsCancellationRequested)
        {
            var started = _clock.Elapsed;
            try
            {
                var (version, label) = await call();
                calls.Add(new Call(started, _clock.Elapsed, version, label, null));
            }
            catch (RpcException failure)
            {
                calls.Add(new Call(started, _clock.Elapsed, 0, 0, failure.StatusCode));
            }
        }

        return calls;
    }

    private bool WasLive(Call call) => _live.Index().Any(live =>
        live.Item.Version == call.Version
        && live.Item.Asked <= call.Ended
        && (live.Index == _live.Count - 1 || _live[live.Index + 1].Done + Staleness >= call.Started));

    private sealed record Call(TimeSpan Started, TimeSpan Ended, long Version, int Label, StatusCode? Failure);
}
