using System.Diagnostics;
using Grpc.Net.Client;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>A FeatureService in a process of its own, warmed up with new images, and its store.</summary>
internal sealed class MissService : IAsyncDisposable
{
    private readonly ServiceProcess _process;
    private readonly GrpcChannel _channel;

    private MissService(ServiceProcess process)
    {
        _process = process;
        _channel = GrpcChannel.ForAddress(process.Address);
    }

    public FeatureExtraction.FeatureExtractionClient Client => new(_channel);

    /// <summary>Resident memory, in MB.</summary>
    public double Rss => _process.Rss / 1e6;

    public TimeSpan ProcessorTime
    {
        get
        {
            using var process = Process.GetProcessById(_process.Id);
            return process.TotalProcessorTime;
        }
    }

    /// <param name="store">In StackExchange.Redis' syntax.</param>
    /// <param name="images">For the warm-up.</param>
    /// <param name="warmUpSeconds">A process compiles its code with its first images.</param>
    /// <param name="settings">Environment variables besides.</param>
    public static async Task<MissService> StartAsync(string store, NewImages images, double warmUpSeconds, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?>
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Store__ConnectionString"] = store,
            ["Backbone__Model"] = await TestBackbone.ModelAsync(),
        };
        foreach (var (name, value) in settings) all[name] = value;
        var service = new MissService(await ServiceProcess.StartAsync("Topfive.FeatureService", [], ServiceProcess.NowListening, all));
        await service._process.ServingAsync();
        await MissLoad.RunAsync(service.Client, images, callers: 16, warmUpSeconds);
        return service;
    }

    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        return _process.DisposeAsync();
    }
}

/// <summary>A store outside of the services: redis-server where there is one, otherwise the embedded store in this process.</summary>
internal sealed class BenchStore : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private RedisServer? _redis;
    private EmbeddedStore? _embedded;

    public string ConnectionString => _redis?.ConnectionString ?? _embedded!.ConnectionString;

    public string Name => _redis is null ? "the embedded store, in this process" : "redis-server";

    public static async Task<BenchStore> StartAsync()
    {
        var store = new BenchStore { _redis = await RedisServer.TryStartAsync() };
        if (store._redis is null) store._embedded = await EmbeddedStore.StartAsync(store._directory.Path);
        return store;
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is not null) await _redis.DisposeAsync();
        if (_embedded is not null) await _embedded.DisposeAsync();
        _directory.Dispose();
    }
}
