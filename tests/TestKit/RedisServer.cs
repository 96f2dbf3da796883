using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Topfive.TestKit;

/// <summary>A real redis-server on a free loopback port, with nothing on disk unless asked; for tests.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    public const string WhySkipped = "there is no redis-server on the PATH (Debian: apt-get install redis-server)";

    private readonly string _directory;
    private readonly int? _clusterPort;
    private readonly bool _persistent;
    private readonly string[] _tls;
    private Process _process;

    private RedisServer(string directory, int port, int? clusterPort, bool persistent, TestCertificates? certificates)
    {
        _persistent = persistent;
        TlsPort = certificates is null ? 0 : FreePort();
        _tls = certificates?.Issue() is not { } own ? [] :
        [
            "--tls-port", $"{TlsPort}", "--tls-cert-file", own.Certificate, "--tls-key-file", own.Key,
            "--tls-ca-cert-file", certificates.Ca, "--tls-auth-clients", "yes",
        ];
        _directory = directory;
        _clusterPort = clusterPort;
        Port = port;
        _process = Launch();
    }

    public int Port { get; }

    /// <summary>Where it speaks TLS, to callers with a certificate; 0: nowhere.</summary>
    public int TlsPort { get; }

    /// <summary>Where the nodes of a cluster talk to each other; only a node of one has it.</summary>
    public int ClusterPort => _clusterPort ?? throw new InvalidOperationException("this server is no node of a cluster");

    /// <summary>For StackExchange.Redis.</summary>
    public string ConnectionString => $"{IPAddress.Loopback}:{Port}";

    /// <param name="clusterNode">True: a node that is in no cluster yet, and holds no slot.</param>
    /// <param name="persistent">True: every write is on disk before it is answered, and <see cref="StartAgainAsync"/> finds it.</param>
    /// <param name="certificates">Not null: it has a second port, <see cref="TlsPort"/>, and believes callers with certificates of this CA.</param>
    /// <param name="dump">Not null: the file of a dump that it begins with.</param>
    /// <returns>Null when there is no redis-server on the PATH: skip the test with <see cref="WhySkipped"/>.</returns>
    public static async Task<RedisServer?> TryStartAsync(bool clusterNode = false, bool persistent = false, TestCertificates? certificates = null, string? dump = null)
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        if (!path.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "redis-server"))))
        {
            return null;
        }

        for (var attempt = 1; ; attempt++)
        {
            var directory = Directory.CreateTempSubdirectory("topfive-redis-").FullName;
            if (dump is not null) File.Copy(dump, Path.Combine(directory, "dump.rdb"));
            var server = new RedisServer(directory, FreePort(), clusterNode ? FreePort() : null, persistent, certificates);
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

    /// <summary>Sends one command, its words between spaces.</summary>
    /// <returns>The reply's first line, or the whole text of one that announces its length.</returns>
    public async Task<string> AskAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{command}\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var reply = await reader.ReadLineAsync() ?? throw new IOException($"redis-server closed the connection at {command}");
        if (!reply.StartsWith('$'))
        {
            return reply;
        }

        var text = new char[int.Parse(reply.AsSpan(1))];
        await reader.ReadBlockAsync(text);
        return new string(text);
    }

    /// <summary>Keys whose names match.</summary>
    public async Task<int> CountAsync(string pattern)
    {
        var reply = await AskAsync($"KEYS {pattern}");
        return reply.StartsWith('*') ? int.Parse(reply.AsSpan(1)) : throw new InvalidOperationException($"redis-server answered {reply} to KEYS");
    }

    /// <summary>Reads are answered, writes get MISCONF: its dump cannot be written, as on a full disk.</summary>
    public async Task RefuseWritesAsync()
    {
        Directory.CreateDirectory(DumpFile);
        await DumpAsync("err");
    }

    /// <summary>After <see cref="RefuseWritesAsync"/>.</summary>
    public async Task TakeWritesAsync()
    {
        Directory.Delete(DumpFile);
        await DumpAsync("ok");
    }

    /// <summary>Takes the server away as a crash does; what it held is lost unless it is persistent.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>It hangs: connections stand, and nothing is answered, until <see cref="ResumeAsync"/>.</summary>
    public Task PauseAsync() => ProcessSignal.SendAsync(_process.Id, "STOP");

    public Task ResumeAsync() => ProcessSignal.SendAsync(_process.Id, "CONT");

    /// <summary>Starts it again on the same port.</summary>
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

    private string DumpFile => Path.Combine(_directory, "dump.rdb");

    private async Task DumpAsync(string status)
    {
        await AskAsync("CONFIG SET save \"3600 1\"");
        await AskAsync("BGSAVE");
        for (var patience = Stopwatch.StartNew(); !(await AskAsync("INFO persistence")).Contains($"rdb_last_bgsave_status:{status}"); await Task.Delay(20))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(30)) throw new TimeoutException($"redis-server's dump did not end with {status}");
        }
    }

    private Process Launch() => Process.Start(new ProcessStartInfo("redis-server",
    [
        "--bind", IPAddress.Loopback.ToString(), "--port", Port.ToString(), "--dir", _directory, "--save", "",
        "--appendonly", _persistent ? "yes" : "no", "--appendfsync", "always", "--logfile", "redis.log",
        .. _clusterPort is { } port ? (string[])["--cluster-enabled", "yes", "--cluster-port", port.ToString()] : [],
        .. _tls,
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
                // A reply, not a connection alone: a node that cannot have its second port ends between the two.
                await AskAsync("PING");
                return;
            }
            catch (Exception exception) when (exception is SocketException or IOException && patience.Elapsed < TimeSpan.FromSeconds(10))
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
