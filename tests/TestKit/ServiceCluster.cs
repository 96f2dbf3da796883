namespace Topfive.TestKit;

/// <summary>Several FeatureServices, one ClassifierService or more, and the Gateway before them, each a process of its own.</summary>
public sealed class ServiceCluster : IAsyncDisposable
{
    private readonly List<Dictionary<string, string?>> _settings = [];
    private readonly List<ServiceProcess> _features = [];
    private readonly IReadOnlyDictionary<string, string?> _everywhere;
    private Dictionary<string, string?> _classifierSettings = [];
    private readonly List<ServiceProcess> _classifiers = [];
    private ServiceProcess? _gateway;

    private ServiceCluster(IReadOnlyDictionary<string, string?> everywhere) => _everywhere = everywhere;

    public Uri Gateway => _gateway!.Address;

    public Uri Classifier => _classifiers[0].Address;

    public ServiceProcess GatewayProcess => _gateway!;

    public IReadOnlyList<Uri> Features => [.. _features.Select(feature => feature.Address)];

    public IReadOnlyList<ServiceProcess> FeatureProcesses => _features;

    public IReadOnlyList<ServiceProcess> ClassifierProcesses => _classifiers;

    /// <summary>Resident memory of the Gateway, the ClassifierService and the first FeatureService, in bytes.</summary>
    public (long Gateway, long Classifier, long Features) Rss => (_gateway!.Rss, _classifiers[0].Rss, _features[0].Rss);

    /// <param name="model">Every FeatureService's backbone.</param>
    /// <param name="stores">One for each FeatureService, in StackExchange.Redis' syntax; the first is ClassifierService's as well.</param>
    /// <param name="settings">Of every FeatureService: environment variables.</param>
    /// <param name="everywhere">Of every process: environment variables.</param>
    /// <param name="classifiers">How many ClassifierServices.</param>
    /// <returns>All of them serve.</returns>
    public static async Task<ServiceCluster> StartAsync(
        string model, IReadOnlyList<string> stores, IReadOnlyDictionary<string, string?>? settings = null, IReadOnlyDictionary<string, string?>? everywhere = null,
        int classifiers = 1)
    {
        var cluster = new ServiceCluster(everywhere ?? new Dictionary<string, string?>());
        try
        {
            cluster._settings.AddRange(stores.Select(store => new Dictionary<string, string?>(settings ?? new Dictionary<string, string?>())
            {
                ["Backbone__Model"] = model,
                ["Store__ConnectionString"] = store,
            }));
            cluster._features.AddRange(await Task.WhenAll(cluster._settings.Select(own => cluster.StartAsync("Topfive.FeatureService", port: 0, own))));
            cluster._classifierSettings = new() { ["Store__ConnectionString"] = stores[0] };
            cluster._classifiers.AddRange(await Task.WhenAll(Enumerable.Range(0, classifiers).Select(_ => cluster.StartAsync("Topfive.ClassifierService", port: 0, cluster._classifierSettings))));
            cluster._gateway = await cluster.StartAsync("Topfive.Gateway", port: 0, new()
            {
                ["Services__Features"] = string.Join(',', cluster.Features),
                ["Services__Classifier"] = string.Join(',', cluster._classifiers.Select(classifier => classifier.Address)),
            });
            await Task.WhenAll(cluster.Processes().Select(process => process.ServingAsync()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes a FeatureService away as a crash does.</summary>
    public Task KillAsync(int feature) => _features[feature].KillAsync();

    /// <summary>Starts it again at the same address; it serves when this has ended.</summary>
    public async Task StartAgainAsync(int feature)
    {
        var port = _features[feature].Address.Port;
        await _features[feature].DisposeAsync();
        _features[feature] = await StartAsync("Topfive.FeatureService", port, _settings[feature]);
        await _features[feature].ServingAsync();
    }

    /// <summary>Starts a ClassifierService again, as <see cref="StartAgainAsync"/>.</summary>
    public async Task StartClassifierAgainAsync(int classifier)
    {
        var port = _classifiers[classifier].Address.Port;
        await _classifiers[classifier].DisposeAsync();
        _classifiers[classifier] = await StartAsync("Topfive.ClassifierService", port, _classifierSettings);
        await _classifiers[classifier].ServingAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in Processes())
        {
            await process.DisposeAsync();
        }
    }

    private IEnumerable<ServiceProcess> Processes() => _features.Concat(_classifiers).Append(_gateway).OfType<ServiceProcess>().Reverse();

    private Task<ServiceProcess> StartAsync(string program, int port, Dictionary<string, string?> settings) =>
        ServiceProcess.StartAsync(program, [], ServiceProcess.NowListening, new Dictionary<string, string?>(settings.Concat(_everywhere))
        {
            ["Listen__GrpcPort"] = $"{port}",
            ["Listen__HttpPort"] = "0",
        });
}
