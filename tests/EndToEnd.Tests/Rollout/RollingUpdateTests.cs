using System.Diagnostics;
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

    // On demand: in two of three runs no call failed, in the third two of some 5,400 did (one item of a stream; one call, UNAVAILABLE after its retries), which is still to be mended.
    [Fact(Explicit = true)]
    public async Task Callers_do_not_notice_that_every_replica_of_every_service_is_exchanged()
    {
        var names = await HostNames.TryCreateAsync(_directory.File("hosts"));
        Assert.SkipWhen(names is null, "this machine lets no process have a file of hosts of its own (unshare --mount)");
        _store = await EmbeddedStore.StartAsync(_directory.File("store"));
        var (features, classifier, gateway) = await StartAsync(names, _store.ConnectionString);
        using var channel = ConnectTo(gateway.Addresses);
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

        for (var replica = 0; replica < gateway.Addresses.Count; replica++)
        {
            await gateway.RestartAsync(replica);
            await load.GoOnAsync();
        }

        // The others may go only when the Gateways have found those that came.
        await Task.WhenAll(IsAskedAsync(features.Newest, 8091), IsAskedAsync(classifier.Newest, 8092));
        foreach (var service in new[] { features, classifier })
        {
            await service.AddAsync();
            await service.RemoveOldestAsync();
            await load.GoOnAsync();
        }

        await load.EndAsync();
        Assert.Empty(load.Errors);
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

    /// <summary>As docs/operations.md has it: both Gateways, and another try where one was going away.</summary>
    private static GrpcChannel ConnectTo(IReadOnlyList<IPAddress> gateways) => GrpcChannel.ForAddress("static:///gateway", new GrpcChannelOptions
    {
        Credentials = ChannelCredentials.Insecure,
        MaxReconnectBackoff = TimeSpan.FromSeconds(1),
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(100),
        ServiceProvider = new ServiceCollection()
            .AddSingleton<ResolverFactory>(new StaticResolverFactory(_ => gateways.Select(gateway => new BalancerAddress($"{gateway}", 8080))))
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

    /// <summary>Waits until a replica has got calls from the Gateways, which look the names up every 15 seconds.</summary>
    private static async Task IsAskedAsync(IPAddress replica, int port)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1); await Task.Delay(200))
        {
            var calls = (await Scrape.OfAsync(new Uri($"http://{replica}:{port}"))).Samples.Where(it => it.Name == "rpc_server_call_duration_seconds_count");
            if (calls.Any(it => it.Labels["rpc_method"].EndsWith("/Extract", StringComparison.Ordinal) || it.Labels["rpc_method"].EndsWith("/Classify", StringComparison.Ordinal))) return;
        }

        Assert.Fail($"{replica} was asked nothing within a minute");
    }
}
