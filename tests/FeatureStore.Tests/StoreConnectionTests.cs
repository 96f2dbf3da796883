using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class StoreConnectionTests
{
    [Fact]
    public async Task A_store_that_is_away_answers_at_once_and_serves_again_when_it_is_back()
    {
        await using var server = await RedisServer.TryStartAsync();
        Assert.SkipWhen(server is null, RedisServer.WhySkipped);
        await server.KillAsync();
        await using var connection = await StoreUnderTest.OpenAsync(server.ConnectionString);
        var vectors = new VectorStore(connection);

        var watch = Stopwatch.StartNew();
        await Assert.ThrowsAnyAsync<RedisConnectionException>(() => vectors.GetAsync("f", Some.Image(1)));
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        await server.StartAgainAsync();
        await EventuallyAsync(async () =>
        {
            await vectors.SetAsync("f", Some.Image(1), Some.Vector(1));
            using var stored = await vectors.GetAsync("f", Some.Image(1));
            return stored is not null;
        });
    }

    [Fact]
    public async Task A_timeout_in_the_connection_string_goes_before_the_default()
    {
        await using var connection = await StoreUnderTest.OpenAsync("127.0.0.1:1,asyncTimeout=60000");

        var configuration = ConfigurationOptions.Parse(connection.Multiplexer.Configuration);
        Assert.Equal((60_000, 2_000), (configuration.AsyncTimeout, configuration.ConnectTimeout));
    }

    [Fact]
    public async Task A_cluster_that_has_lost_slots_says_that_it_is_down()
    {
        await using var node = await RedisServer.TryStartAsync(clusterNode: true);
        Assert.SkipWhen(node is null, RedisServer.WhySkipped);
        await using var connection = await StoreUnderTest.OpenAsync(node.ConnectionString);

        // Nobody serves a slot here, as when a master has gone without a replica.
        var exception = await Assert.ThrowsAsync<RedisServerException>(() => new VectorStore(connection).SetAsync("f", Some.Image(1), Some.Vector(1)));

        Assert.Equal(RedisErrorKind.ClusterDown, exception.Kind);
    }

    [Fact]
    public async Task After_a_lost_connection_subscribers_hear_of_every_head()
    {
        await using var server = await RedisServer.TryStartAsync();
        Assert.SkipWhen(server is null, RedisServer.WhySkipped);
        await using var connection = await StoreUnderTest.OpenAsync(server.ConnectionString);
        var heads = new HeadStore(connection);
        var heard = new ConcurrentBag<string>();
        await using var subscription = await heads.SubscribeLiveChangesAsync(heard.Add);

        await using var elsewhere = await StoreUnderTest.OpenAsync($"{server.ConnectionString},allowAdmin=true");
        await new HeadStore(elsewhere).AddVersionAsync(new Head { Head_ = "animals" }, Some.Bytes(1, 10));
        Assert.Empty(heard);
        await elsewhere.Database.ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");

        // Nothing was said of it on the channel: only the reconnection can tell.
        await EventuallyAsync(() => Task.FromResult(heard.Contains("animals")));
    }

    [Fact]
    public async Task The_host_opens_the_store_before_other_services_start_and_closes_it_after_they_stopped()
    {
        using var directory = new TempDirectory();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new("Store:DataDirectory", directory.Path)]);
        builder.Services.AddSingleton<UsesStore>();
        builder.Services.AddHostedService(provider => provider.GetRequiredService<UsesStore>());
        builder.Services.AddFeatureStore();
        using var host = builder.Build();

        await host.StartAsync();
        await host.StopAsync();

        Assert.True(host.Services.GetRequiredService<UsesStore>().StoppedWithStore);
        await using var again = await EmbeddedStore.StartAsync(directory.Path);
    }

    [Theory]
    [InlineData("Store:EmbeddedPort", "70000", "EmbeddedPort")]
    [InlineData("Store:DataDirectory", "", "DataDirectory")]
    [InlineData("Store:VectorFormat", "fp8", "Store__VectorFormat is fp32 or fp16")]
    public async Task A_wrong_setting_stops_the_start_with_its_name(string setting, string value, string named)
    {
        using var directory = new TempDirectory();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Store:DataDirectory"] = directory.Path, [setting] = value });
        builder.Services.AddFeatureStore();
        using var host = builder.Build();

        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(named, exception.Message);
    }

    private static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                if (await holds())
                {
                    return;
                }
            }
            catch (RedisException) when (patience.Elapsed < TimeSpan.FromSeconds(20))
            {
            }

            Assert.True(patience.Elapsed < TimeSpan.FromSeconds(20), "the store did not come back within 20 seconds");
            await Task.Delay(50);
        }
    }

    private sealed class UsesStore(VectorStore vectors) : IHostedService
    {
        public bool StoppedWithStore { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken) => vectors.SetAsync("f", Some.Image(1), Some.Vector(1));

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            using var stored = await vectors.GetAsync("f", Some.Image(1));
            StoppedWithStore = stored is not null;
        }
    }
}
