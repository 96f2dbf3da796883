using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Garnet;
using Garnet.common;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tsavorite.core;

namespace Topfive.FeatureStore;

/// <summary>
/// A Redis-compatible server (Garnet) inside this process, on loopback. What was written is on disk within 0.1 s;
/// it survives a clean stop whole, and a kill up to that tenth of a second.
/// </summary>
public sealed class EmbeddedStore : IAsyncDisposable
{
    private const int FreePortAttempts = 10;

    private static readonly ConcurrentDictionary<string, string> Directories = new();

    private readonly GarnetServer _server;
    private readonly FileStream _directoryLock;

    private EmbeddedStore(GarnetServer server, FileStream directoryLock, int port)
    {
        _server = server;
        _directoryLock = directoryLock;
        ConnectionString = $"{IPAddress.Loopback}:{port}";
        Directories[ConnectionString] = Path.GetDirectoryName(directoryLock.Name)!;
    }

    /// <summary>For StackExchange.Redis and for <see cref="StoreOptions.ConnectionString"/>.</summary>
    public string ConnectionString { get; }

    /// <param name="dataDirectory">Made when missing; what an earlier run left in it is served again.</param>
    /// <param name="port">On loopback; 0: any free port.</param>
    /// <param name="loggers">For the server's errors; null: none.</param>
    /// <param name="cancellation">Checked between attempts.</param>
    /// <exception cref="InvalidOperationException">Another process holds the directory, or the port is taken.</exception>
    public static async Task<EmbeddedStore> StartAsync(
        string dataDirectory, int port = 0, ILoggerFactory? loggers = null, CancellationToken cancellation = default)
    {
        var directory = Directory.CreateDirectory(dataDirectory).FullName;
        var directoryLock = Lock(directory);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                cancellation.ThrowIfCancellationRequested();
                var chosen = port == 0 ? FreePort() : port;
                try
                {
                    // Recovery reads the whole log: not on the caller's thread.
                    var server = await Task.Run(() => Serve(directory, chosen, loggers ?? NullLoggerFactory.Instance), cancellation);
                    return new EmbeddedStore(server, directoryLock, chosen);
                }
                catch (GarnetException exception) when (exception.InnerException is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                {
                    // Someone was quicker between our look and Garnet's bind, which cannot report a port of its own choice.
                    if (port != 0 || attempt == FreePortAttempts)
                    {
                        throw new InvalidOperationException(
                            $"the embedded store cannot listen on {IPAddress.Loopback}:{chosen}: the port is taken; choose another with Store__EmbeddedPort (0: any free port)", exception);
                    }
                }
            }
        }
        catch
        {
            await directoryLock.DisposeAsync();
            throw;
        }
    }

    /// <returns>Where a store of this process keeps its data; null for every other store.</returns>
    internal static string? DirectoryOf(string connectionString) => Directories.GetValueOrDefault(connectionString);

    /// <exception cref="StoreFullException">The disk took no more, and the last writes are lost.</exception>
    public async ValueTask DisposeAsync()
    {
        Directories.TryRemove(ConnectionString, out _);
        try
        {
            // Garnet's own stop leaves the tail of the log uncommitted.
            await _server.Store.CommitAOFAsync(CancellationToken.None);
        }
        catch (TsavoriteException failure)
        {
            throw new StoreFullException(
                $"the last writes could not be put on the embedded store's disk, and are lost; what was there before is kept in {Path.GetDirectoryName(_directoryLock.Name)}: {failure.InnerException?.Message ?? failure.Message}");
        }
        finally
        {
            await Task.Run(() => _server.Dispose());
            await _directoryLock.DisposeAsync();
        }
    }

    private static GarnetServer Serve(string directory, int port, ILoggerFactory loggers)
    {
        var server = new GarnetServer(
        [
            "--bind", IPAddress.Loopback.ToString(), "--port", port.ToString(),
            "--logdir", directory, "--checkpointdir", directory,
            // Without the storage tier, keys beyond the memory would vanish without a word.
            "--storage-tier", "true", "-m", "64m", "--page", "512k", "-i", "1m",
            // The default device needs libaio and takes the process down where that is missing.
            "--device-type", "RandomAccess",
            "--aof", "true", "--aof-memory", "16m", "--aof-page-size", "2m", "--aof-commit-freq", "100", "--recover", "true",
            "-q", "true",
        ], new GarnetErrors(loggers));
        try
        {
            server.Start();
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    private static FileStream Lock(string directory)
    {
        var path = Path.Combine(directory, "lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException exception)
        {
            throw new InvalidOperationException(
                $"the embedded store's directory {directory} is in use by another process: stop that one, choose another directory with Store__DataDirectory, or share one Redis by Store__ConnectionString", exception);
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
