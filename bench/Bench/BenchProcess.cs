using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>A server in a process of its own, as in real life: FeatureService, the whole product, or the echo that they are held against.</summary>
internal sealed class BenchProcess : IAsyncDisposable
{
    private readonly ServiceProcess _process;
    private readonly GrpcChannel _channel;
    private readonly GrpcChannel _other;

    private BenchProcess(ServiceProcess process)
    {
        _process = process;
        _channel = GrpcChannel.ForAddress(process.Address);
        _other = GrpcChannel.ForAddress(process.Address);
    }

    public FeatureExtraction.FeatureExtractionClient Client => new(_channel);

    /// <summary>Over a connection of its own.</summary>
    public FeatureExtraction.FeatureExtractionClient OtherClient => new(_other);

    public Ingestion.IngestionClient Ingestion => new(_channel);

    public Gateway.V1.Prediction.PredictionClient Prediction => new(_channel);

    public Heads.HeadsClient Heads => new(_channel);

    public Uri Address => _process.Address;

    /// <summary>Of all its threads, since it began.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            using var process = Process.GetProcessById(_process.Id);
            return process.TotalProcessorTime;
        }
    }

    /// <summary>Peak resident memory, in MB.</summary>
    public double PeakRss => _process.PeakRss / 1e6;

    /// <summary>With an embedded store and batches of <paramref name="batch"/>.</summary>
    public static Task<BenchProcess> FeatureServiceAsync(string model, string dataDirectory, int batch) =>
        StartAsync("Topfive.FeatureService", new() { ["Store__DataDirectory"] = dataDirectory, ["Backbone__Model"] = model, ["Batching__MaxBatchSize"] = $"{batch}" });

    /// <summary>With the store at <paramref name="store"/>.</summary>
    public static Task<BenchProcess> FeatureServiceAsync(string model, string store) => FeatureServiceAsync(model, store, new Dictionary<string, string?>());

    /// <summary>With the store at <paramref name="store"/>, and further environment variables.</summary>
    public static Task<BenchProcess> FeatureServiceAsync(string model, string store, Dictionary<string, string?> settings) =>
        StartAsync("Topfive.FeatureService", new(settings) { ["Store__ConnectionString"] = store, ["Backbone__Model"] = model });

    /// <summary>With the store at <paramref name="store"/>. The address is all that the caller may use of it.</summary>
    public static Task<ServiceProcess> ClassifierServiceAsync(string store) =>
        ServiceProcess.StartAsync("Topfive.ClassifierService", [], ServiceProcess.NowListening, OnFreePorts(new() { ["Store__ConnectionString"] = store }));

    public static Task<BenchProcess> GatewayAsync(Uri features, Uri classifier) =>
        StartAsync("Topfive.Gateway", new() { ["Services__Features"] = features.OriginalString, ["Services__Classifier"] = classifier.OriginalString });

    /// <summary>The three services and the embedded store in one process.</summary>
    public static async Task<BenchProcess> TopfiveAsync(string model, string dataDirectory) =>
        await ReadyAsync(await ServiceProcess.StartAsync("topfive", ["up", "--port", "0", "--model", model, "--data", dataDirectory], ServiceProcess.Gateway));

    public static async Task<BenchProcess> EchoAsync() =>
        await ReadyAsync(await ServiceProcess.StartAsync("Topfive.Bench", ["echo"], ServiceProcess.NowListening));

    public ValueTask DisposeAsync()
    {
        _channel.Dispose();
        _other.Dispose();
        return _process.DisposeAsync();
    }

    private static async Task<BenchProcess> StartAsync(string program, Dictionary<string, string?> settings) =>
        await ReadyAsync(await ServiceProcess.StartAsync(program, [], ServiceProcess.NowListening, OnFreePorts(settings)));

    private static Dictionary<string, string?> OnFreePorts(Dictionary<string, string?> settings) =>
        new(settings) { ["Listen__GrpcPort"] = "0", ["Listen__HttpPort"] = "0" };

    private static async Task<BenchProcess> ReadyAsync(ServiceProcess process)
    {
        var service = new BenchProcess(process);
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1); await Task.Delay(50))
        {
            try
            {
                await service.Client.GetBackboneAsync(new GetBackboneRequest());
                return service;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
            {
                // It warms up.
            }
        }

        await service.DisposeAsync();
        throw new TimeoutException("the service was not ready within a minute");
    }
}
