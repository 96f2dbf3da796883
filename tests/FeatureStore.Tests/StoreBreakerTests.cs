using System.Diagnostics;
using StackExchange.Redis;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureStore.Tests;

/// <summary>A Redis that hangs: who waits is let go, who comes later does not ask, and none of it reaches Redis when it goes on.</summary>
public sealed class StoreBreakerTests
{
    [Fact]
    public async Task A_store_that_hangs_is_asked_by_one_probe_and_on_its_return_nothing_that_was_refused_is_sent()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var connection = await StoreUnderTest.OpenAsync(redis.ConnectionString, patienceMilliseconds: 500);
        var vectors = new VectorStore(connection);
        await vectors.SetAsync("f", Some.Image(1), Some.Vector(1));
        using (var vector = await vectors.GetAsync("f", Some.Image(1))) Assert.NotNull(vector);
        var before = await GetsAsync(redis);

        await redis.PauseAsync();
        var waiting = Stopwatch.StartNew();
        await Assert.ThrowsAsync<RedisConnectionException>(() => vectors.GetAsync("f", Some.Image(1)));
        // StackExchange.Redis by itself gives up after five to six.
        Assert.InRange(waiting.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(4));
        Assert.True(connection.Breaker.IsOpen);
        var refusing = Stopwatch.StartNew();
        for (var i = 0; i < 1_000; i++) await Assert.ThrowsAsync<RedisConnectionException>(() => vectors.GetAsync("f", Some.Image(1)));
        Assert.InRange(refusing.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        await redis.ResumeAsync();

        for (var patience = Stopwatch.StartNew(); connection.Breaker.IsOpen; await Task.Delay(20)) Assert.True(patience.Elapsed < TimeSpan.FromMinutes(1), "it does not close");
        using (var vector = await vectors.GetAsync("f", Some.Image(1))) Assert.Equal(Some.Vector(1), vector!.Values.ToArray());
        // The one that was let go, and the last.
        Assert.Equal(2, await GetsAsync(redis) - before);
    }

    private static async Task<int> GetsAsync(RedisServer redis)
    {
        const string Prefix = "cmdstat_get:calls=";
        var line = (await redis.AskAsync("INFO commandstats")).Split('\n').Single(line => line.StartsWith(Prefix, StringComparison.Ordinal));
        return int.Parse(line.AsSpan(Prefix.Length, line.IndexOf(',') - Prefix.Length));
    }
}
