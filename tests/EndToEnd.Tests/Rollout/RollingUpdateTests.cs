using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>
/// What Kubernetes does to Deployments in an update, without Kubernetes: two replicas of each service behind names, exchanged one by one under load.
/// </summary>
public sealed class RollingUpdateTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private readonly string _network = $"127.{Random.Shared.Next(16, 250)}.{Random.Shared.Next(250)}";
    private readonly List<ReplicatedService> _services = [];
    private EmbeddedStore? _store;
    private int _addresses;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services) await service.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Callers_do_not_notice_that_every_replica_of_every_service_is_exchanged()
    {
        var names = await HostNames.TryCreateAsync(_directory.File("hosts"));
        Assert.SkipWhen(names is null, "this machine lets no process have a file of hosts of its own (unshare --mount)");
        _store = await EmbeddedStore.StartAsync(_directory.File("store"));
        var (features, classifier, gateway) = await StartAsync(names, _store.ConnectionString);
        using var channel = ConnectTo(gateway);
        var calls = new RolloutCalls(channel);
        await calls.ImportHeadAsync();
        var load = new SteadyLoad();
        load.Repeat(3, calls.ExtractAsync);
        load.Repeat(3, calls.PredictAsync);
        load.Repeat(3, calls.ClassifyAsync);
        load.Repeat(1, calls.ExtractStreamAsync);
        load.Repeat(1, calls.PredictStreamAsync);
        load.Repeat(1, calls.ClassifyStreamAsync);
        load.Repeat(1, calls.IngestAsync);
        await load.GoOnAsync();

        foreach (var service in new[] { features, classifier })
        {
            await service.AddAsync();
            await service.RemoveOldestAsync();
            await load.GoOnAsync();
        }

        for (var replica = 0; replica < 2; replica++)
        {
            await gateway.AddAsync();
            // One may go only when its callers have found the one that came: with fewer seconds between, nobody would be left to them.
            await IsAskedAsync(gateway.Newest, 8090);
            await gateway.RemoveOldestAsync();
            await load.GoOnAsync();
        }

        // As above; callers are the Gateways here.
        await Task.WhenAll(IsAskedAsync(features.Newest, 8091), IsAskedAsync(classifier.Newest, 8092));
        foreach (var service in new[] { features, classifier })
        {
            await service.AddAsync();
            await service.RemoveOldestAsync();
            await load.GoOnAsync();
        }

        await load.EndAsync();
        _services.ForEach(service => service.LoggedNoFailure());
        load.NoneFailed();
    }

    private async Task<(ReplicatedService Features, ReplicatedService Classifier, ReplicatedService Gateway)> StartAsync(HostNames names, string store)
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        var features = Add("Topfive.FeatureService", "features-headless", new() { ["Backbone__Model"] = model, ["Store__ConnectionString"] = store });
        var classifier = Add("Topfive.ClassifierService", "classifier-headless", new() { ["Store__ConnectionString"] = store });
        var gateway = Add("Topfive.Gateway", "gateway-headless", new()
        {
            ["Services__Features"] = "dns:///features-headless:8081",
            ["Services__Classifier"] = "dns:///classifier-headless:8082",
        });
        await Task.WhenAll(TwoOfAsync(features), TwoOfAsync(classifier));
        await TwoOfAsync(gateway);
        return (features, classifier, gateway);

        static async Task TwoOfAsync(ReplicatedService service)
        {
            await service.AddAsync();
            await service.AddAsync();
        }

        ReplicatedService Add(string program, string name, Dictionary<string, string?> settings)
        {
            _services.Add(new ReplicatedService(program, name, settings, names, () => IPAddress.Parse($"{_network}.{Interlocked.Increment(ref _addresses)}")));
            return _services[^1];
        }
    }

    /// <summary>As docs/operations.md has it: all Gateways, and another try where one was going away.</summary>
    private static GrpcChannel ConnectTo(ReplicatedService gateway) => GrpcChannel.ForAddress("watched:///gateway", new GrpcChannelOptions
    {
        Credentials = ChannelCredentials.Insecure,
        MaxReconnectBackoff = TimeSpan.FromSeconds(1),
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        ServiceProvider = new ServiceCollection()
            .AddSingleton<ResolverFactory>(new WatchedName(gateway, 8080))
            .BuildServiceProvider(),
        ServiceConfig = new ServiceConfig
        {
            LoadBalancingConfigs = { new RoundRobinConfig() },
            MethodConfigs =
            {
                new MethodConfig
                {
                    Names = { MethodName.Default },
                    RetryPolicy = new RetryPolicy
                    {
                        MaxAttempts = 5,
                        InitialBackoff = TimeSpan.FromMilliseconds(100),
                        MaxBackoff = TimeSpan.FromSeconds(1),
                        BackoffMultiplier = 2,
                        RetryableStatusCodes = { StatusCode.Unavailable },
                    },
                },
            },
        },
    });

    /// <summary>Waits until a replica has got calls; the Gateways look names up every 15 seconds.</summary>
    private static Task IsAskedAsync(IPAddress replica, int port) => Eventually.TrueAsync($"{replica} is asked", async () =>
    {
        var calls = (await Scrape.OfAsync(new Uri($"http://{replica}:{port}"))).Samples.Where(it => it.Name == "rpc_server_call_duration_seconds_count");
        return calls.Any(it => it.Labels["rpc_method"].EndsWith("/Extract", StringComparison.Ordinal) || it.Labels["rpc_method"].EndsWith("/Classify", StringComparison.Ordinal));
    });
}
