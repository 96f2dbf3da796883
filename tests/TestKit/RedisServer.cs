using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Topfive.TestKit;

/// <summary>A real redis-server on a free loopback port, with nothing on disk; for tests.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    public const string WhySkipped = "there is no redis-server on the PATH (Debian: apt-get install redis-server)";

    private readonly string _directory;
    private readonly int _port;
    private Process _process;

    private RedisServer(string directory, int port)
    {
        _directory = directory;
        _port = port;
        _process = Launch();
    }

    /// <summary>For StackExchange.Redis.</summary>
    public string ConnectionString => $"{IPAddress.Loopback}:{_port}";

    /// <returns>Null when there is no redis-server on the PATH: skip the test with <see cref="WhySkipped"/>.</returns>
    public static async Task<RedisServer?> TryStartAsync()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "redis-server"))))
        {
            return null;
        }

        for (var attempt = 1; ; attempt++)
        {
            var server = new RedisServer(Directory.CreateTempSubdirectory("topfive-redis-").FullName, FreePort());
            try
            {
                await server.AnswersAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 5)
            {
                // Somebody took the port between our look and the server's bind.
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>Takes the server away as a crash does; what it held is lost.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it again on the same port, empty.</summary>
    public async Task StartAgainAsync()
    {
        _process.Dispose();
        _process = Launch();
        await AnswersAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private Process Launch() => Process.Start(new ProcessStartInfo("redis-server",
    [
        "--bind", IPAddress.Loopback.ToString(), "--port", _port.ToString(), "--dir", _directory, "--save", "", "--logfile", "redis.log",
    ])
    {
        RedirectStandardOutput = true,
    })!;

    private async Task AnswersAsync()
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"redis-server ended with {_process.ExitCode}: see redis.log");
            }

            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, _port);
                return;
            }
            catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(10))
            {
                await Task.Delay(20);
            }
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
