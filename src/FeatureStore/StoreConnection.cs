using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// The process's one connection to the store, and the embedded store itself when no other is configured.
/// A Redis that is away or hangs does not stop the start: commands fail at once with <see cref="RedisConnectionException"/>
/// until it is back.
/// </summary>
public sealed class StoreConnection(IOptions<StoreOptions> options, ILoggerFactory loggers, IMeterFactory? meters = null) : IHostedLifecycleService, IAsyncDisposable
{
    private EmbeddedStore? _embedded;
    private ConnectionMultiplexer? _multiplexer;
    private StoreMetrics? _metrics;
    private StoreBreaker? _breaker;

    internal bool WritesHalf { get; } = options.Value.VectorFormat == "fp16";

    /// <summary>Once it is open: whether small pictures are kept.</summary>
    internal bool KeepsThumbnails => options.Value.Thumbnails switch { "on" => true, "off" => false, _ => Room is not null };

    /// <exception cref="RedisConnectionException">The store is away, as <see cref="Breaker"/> knows.</exception>
    internal IDatabase Database
    {
        get
        {
            Breaker.ThrowIfOpen();
            return Multiplexer.GetDatabase();
        }
    }

    /// <summary>Of the embedded store's disk; null for every other store.</summary>
    internal DiskRoom? Room { get; private set; }

    internal StoreBreaker Breaker => _breaker ?? throw NotOpen();

    internal StoreMetrics Metrics => _metrics ?? throw NotOpen();

    internal ConnectionMultiplexer Multiplexer =>
        _multiplexer ?? throw NotOpen();

    public async Task OpenAsync(CancellationToken cancellation = default)
    {
        var connectionString = options.Value.ConnectionString;
        if (connectionString.Length == 0)
        {
            _embedded = await EmbeddedStore.StartAsync(options.Value.DataDirectory, options.Value.EmbeddedPort, loggers, cancellation);
            connectionString = _embedded.ConnectionString;
        }

        Room = EmbeddedStore.DirectoryOf(connectionString) is { } directory ? new DiskRoom(directory, () => options.Value.DiskReserve) : null;
        _multiplexer = await ConnectionMultiplexer.ConnectAsync(Configuration(connectionString, options.Value));
        _multiplexer.RegisterProfiler(StoreSpans.OfThisCall);
        _breaker = new StoreBreaker(_multiplexer, TimeSpan.FromMilliseconds(options.Value.PatienceMilliseconds), loggers.CreateLogger<StoreConnection>());
        _metrics = new StoreMetrics(meters, () => _multiplexer is { IsConnected: true } && !_breaker.IsOpen);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _multiplexer, null) is { } multiplexer)
        {
            await _breaker!.DisposeAsync();
            await multiplexer.DisposeAsync();
        }

        if (Interlocked.Exchange(ref _embedded, null) is { } embedded)
        {
            await embedded.DisposeAsync();
        }
    }

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static InvalidOperationException NotOpen() => new("the store's connection is opened when the host starts");

    private static ConfigurationOptions Configuration(string connectionString, StoreOptions options)
    {
        // What the connection string says comes later, and so goes before these.
        var configuration = ConfigurationOptions.Parse($"connectTimeout=2000,syncTimeout=5000,asyncTimeout=5000,{connectionString}");
        configuration.AbortOnConnectFail = false;
        // A request that finds no store must hear so now, not after a timeout in a queue.
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ReconnectRetryPolicy = new ExponentialRetry(200, 2_000);
        configuration.ClientName ??= "topfive";
        StoreTls.AddTo(configuration, options);
        return configuration;
    }
}
