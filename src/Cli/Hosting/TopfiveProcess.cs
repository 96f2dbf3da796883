using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Topfive.ClassifierService;
using Topfive.Consoles;
using Topfive.FeatureService;
using Topfive.FeatureStore;
using Topfive.Gateway;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary>The three services and their store in one process.</summary>
public sealed class TopfiveProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromMinutes(2);

    /// <summary>Of what stands behind the Gateway, which alone is for others: settings for its address and its TLS are not meant for these.</summary>
    private static readonly (string Key, string Value)[] WithinThisMachine =
        [("Listen:Address", "127.0.0.1"), ("Security:Certificate", ""), ("Security:CertificateKey", ""), ("Security:ClientCa", ""), ("Security:ClientNames", "")];

    private readonly FileLog _log;
    private readonly CancellationTokenSource _stopped = new();
    private EmbeddedStore? _store;
    private WebApplication? _features, _classifier, _gateway;

    private TopfiveProcess(FileLog log) => _log = log;

    /// <summary>gRPC addresses.</summary>
    public Uri GatewayAddress => _gateway!.GrpcAddress();

    public Uri FeaturesAddress => _features!.GrpcAddress();

    public Uri ClassifierAddress => _classifier!.GrpcAddress();

    /// <summary>HTTP/1.1 addresses, with <c>/healthz</c>.</summary>
    public Uri GatewayHttpAddress => _gateway!.HttpAddress();

    public Uri FeaturesHttpAddress => _features!.HttpAddress();

    public Uri ClassifierHttpAddress => _classifier!.HttpAddress();

    /// <summary>The pages for people; null: there are none.</summary>
    public Uri? ConsoleAddress => _gateway!.HasConsole() ? _gateway!.HttpAddress() : null;

    /// <summary>The store that the services share, in StackExchange.Redis' syntax.</summary>
    public string StoreConnectionString { get; private set; } = "";

    /// <summary>What the services log.</summary>
    public string LogPath => _log.Path;

    /// <summary>Cancelled when one of the services stops by itself.</summary>
    public CancellationToken Stopped => _stopped.Token;

    /// <summary>Starts everything and waits until every service says that it serves.</summary>
    /// <exception cref="CommandFailure">A port is taken, a setting is wrong, or a service does not get ready.</exception>
    public static async Task<TopfiveProcess> StartAsync(TopfiveOptions options, CancellationToken cancellation = default)
    {
        var process = new TopfiveProcess(new FileLog(Path.Combine(options.DataDirectory, "topfive.log")));
        try
        {
            await process.StartStoreAsync(options, cancellation);
            await process.StartServicesAsync(options, cancellation);
            await process.WaitUntilServingAsync(cancellation);
            return process;
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in new[] { _gateway, _classifier, _features })
        {
            if (service is not null)
            {
                await service.StopAsync();
                await service.DisposeAsync();
            }
        }

        try
        {
            if (_store is not null) await _store.DisposeAsync();
        }
        finally
        {
            _log.Dispose();
            _stopped.Dispose();
        }
    }

    private async Task StartStoreAsync(TopfiveOptions options, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(options.StoreConnectionString))
        {
            try
            {
                _store = await EmbeddedStore.StartAsync(Path.Combine(options.DataDirectory, "store"), cancellation: cancellation);
            }
            catch (InvalidOperationException failure)
            {
                throw new CommandFailure(failure.Message, failure);
            }
        }

        StoreConnectionString = _store?.ConnectionString ?? options.StoreConnectionString!;
    }

    private async Task StartServicesAsync(TopfiveOptions options, CancellationToken cancellation)
    {
        _features = await StartAsync("FeatureService", FeatureServiceHost.Build, options, portOffset: 1, cancellation,
            [("Backbone:Model", options.ModelPath), .. WithinThisMachine]);
        _classifier = await StartAsync("ClassifierService", ClassifierServiceHost.Build, options, portOffset: 2, cancellation, WithinThisMachine);
        _gateway = await StartAsync("Gateway", GatewayHost.Build, options, portOffset: 0, cancellation,
            ("Services:Features", $"dns:///{FeaturesAddress.Authority}"),
            ("Services:Classifier", $"dns:///{ClassifierAddress.Authority}"),
            ("Services:Tls", "false"), ("Services:Ca", ""), ("Services:Certificate", ""), ("Services:CertificateKey", ""));
    }

    private async Task<WebApplication> StartAsync(
        string name, Func<string[], IEnumerable<KeyValuePair<string, string?>>, WebApplication> build,
        TopfiveOptions options, int portOffset, CancellationToken cancellation, params (string Key, string Value)[] ofThisService)
    {
        var grpcPort = options.Port == 0 ? 0 : options.Port + portOffset;
        var httpPort = options.Port == 0 ? 0 : grpcPort + 10;
        var settings = new Dictionary<string, string?>
        {
            ["Listen:GrpcPort"] = grpcPort.ToString(),
            ["Listen:HttpPort"] = httpPort.ToString(),
            ["Store:ConnectionString"] = StoreConnectionString,
            // The spans of a process are exported once.
            ["Telemetry:TracesAs"] = name == "Gateway" ? "topfive" : "",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:Grpc"] = "Warning",
            ["Logging:Console:LogLevel:Default"] = "None",
            ["Logging:Console:LogLevel:Microsoft.AspNetCore"] = "None",
            ["Logging:Console:LogLevel:Grpc"] = "None",
        };
        foreach (var (key, value) in ofThisService)
        {
            settings[key] = value;
        }

        foreach (var (key, value) in options.Settings)
        {
            settings[key] = value;
        }

        WebApplication? service = null;
        try
        {
            service = build([], settings);
            service.Services.GetRequiredService<ILoggerFactory>().AddProvider(_log);
            await service.StartAsync(cancellation);
            service.Lifetime.ApplicationStopping.Register(_stopped.Cancel);
            return service;
        }
        catch (Exception failure)
        {
            if (service is not null)
            {
                // What had started, a backbone half loaded for one, has to end before the process may.
                await service.StopAsync(CancellationToken.None);
                await service.DisposeAsync();
            }

            throw IsPortTaken(failure)
                ? new CommandFailure(
                    $"The {name} cannot listen: port {grpcPort} (gRPC) or {httpPort} (HTTP) on this machine is taken. Stop what listens there, or choose others with --port (0: any free ones).", failure)
                : failure is OperationCanceledException ? failure
                : new CommandFailure($"The {name} did not start: {failure.Message}", failure);
        }
    }

    private async Task WaitUntilServingAsync(CancellationToken cancellation)
    {
        (string Name, WebApplication App)[] services = [("FeatureService", _features!), ("ClassifierService", _classifier!), ("Gateway", _gateway!)];
        foreach (var (name, app) in services)
        {
            // Asked here and not by a call, for which the Gateway may want TLS and a certificate.
            var health = app.Services.GetRequiredService<HealthCheckService>();
            var began = Stopwatch.GetTimestamp();
            while ((await health.CheckHealthAsync(cancellation)).Status == HealthStatus.Unhealthy)
            {
                if (_stopped.IsCancellationRequested || Stopwatch.GetElapsedTime(began) > ReadyTimeout)
                {
                    throw new CommandFailure($"The {name} did not get ready: {_log.LastCritical ?? $"{LogPath} says why"}.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
            }
        }
    }

    private static bool IsPortTaken(Exception failure) =>
        failure is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }
        || (failure.InnerException is { } inner && IsPortTaken(inner));
}
