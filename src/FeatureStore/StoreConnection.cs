using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// The process's one connection to the store, and the embedded store itself when no other is configured.
/// A Redis that is away does not stop the start: commands fail at once with <see cref="RedisConnectionException"/>
/// until it is back.
/// </summary>
public sealed class StoreConnection(IOptions<StoreOptions> options, ILoggerFactory loggers, IMeterFactory? meters = null) : IHostedLifecycleService, IAsyncDisposable
{
    private EmbeddedStore? _embedded;
    private ConnectionMultiplexer? _multiplexer;
    private DriveInfo? _disk;
    private StoreMetrics? _metrics;

    internal bool WritesHalf { get; } = options.Value.VectorFormat == "fp16";

    internal IDatabase Database => Multiplexer.GetDatabase();

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

        _disk = EmbeddedStore.DirectoryOf(connectionString) is { } directory ? new DriveInfo(directory) : null;
        _multiplexer = await ConnectionMultiplexer.ConnectAsync(Configuration(connectionString, options.Value));
        _multiplexer.RegisterProfiler(StoreSpans.OfThisCall);
        _metrics = new StoreMetrics(meters, () => _multiplexer?.IsConnected ?? false);
    }

    /// <summary>Before a large value is written: what the embedded server cannot put on its disk it would lose later, and not say so now.</summary>
    /// <exception cref="StoreFullException">There is no room; the message names the disk and the limit.</exception>
    internal void CheckRoom(string item, long bytes)
    {
        // It is in the log, and later in the store's own file as well.
        var needed = (2 * bytes) + options.Value.DiskReserve;
        if (_disk is not null && (needed < 0 || _disk.AvailableFreeSpace < needed))
        {
            throw new StoreFullException(
                $"{item} of {bytes:N0} bytes is not stored: the embedded store's disk {_disk.Name} has {_disk.AvailableFreeSpace:N0} bytes free, "
                + $"and {options.Value.DiskReserve:N0} must stay free (Store__DiskReserve): make room, or move the data directory (Store__DataDirectory)");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _multiplexer, null) is { } multiplexer)
        {
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
