using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using Topfive.Backbones;

namespace Topfive.Cli;

/// <summary>What the services need to start here: a model, a store, room and ports.</summary>
internal static class ServiceChecks
{
    private const long LittleRoom = 1L << 30;

    /// <summary>Below this the embedded store refuses versions (Store__DiskReserve).</summary>
    private const long NoRoom = 64 << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <param name="path">The user's own; null: the checkout's.</param>
    public static Finding Model(string? path)
    {
        var file = path ?? (Repository.Root is { } root ? Path.Combine(root, "models", "inception_v3.onnx") : null);
        if (file is null) return Finding.Missing("model", "none is named", "set Backbone__Model or --model to a file that topfive backbone import wrote");
        if (!File.Exists(file))
        {
            return Finding.Missing("model", $"there is no {file}", path is null ? "models/fetch, then topfive up imports it (topfive up does both)" : $"topfive backbone import --tfjs DIR --out {file}");
        }

        try
        {
            var backbone = BackboneFile.Read(file);
            return backbone.ImporterVersion == BackboneImporter.Version
                ? Finding.Ok("model", $"{file}: {backbone.Name}, {backbone.Precision}, fingerprint {backbone.Fingerprint[..12]}")
                : Finding.Warn("model", $"{file} was imported by another release", path is null ? "topfive up imports it anew" : $"topfive backbone import --tfjs DIR --out {file}");
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return Finding.Missing("model", $"{file} is no backbone: {failure.Message}", $"topfive backbone import --tfjs DIR --out {file}");
        }
    }

    /// <param name="connectionString">Of a Redis; empty: the embedded store.</param>
    /// <param name="dataDirectory">The embedded store's.</param>
    public static async Task<Finding> StoreAsync(string connectionString, string dataDirectory)
    {
        if (connectionString.Length == 0) return Directory(dataDirectory);
        try
        {
            var options = ConfigurationOptions.Parse(connectionString);
            (options.ConnectTimeout, options.AbortOnConnectFail) = ((int)Patience.TotalMilliseconds, true);
            await using var redis = await ConnectionMultiplexer.ConnectAsync(options);
            var answered = await redis.GetDatabase().PingAsync();
            return Finding.Ok("store", $"{string.Join(", ", redis.GetServers().Select(server => $"{server.EndPoint} {server.Version}"))} answers in {answered.TotalMilliseconds:F1} ms");
        }
        catch (Exception failure) when (failure is RedisException or ArgumentException)
        {
            return Finding.Missing("store", $"the Redis of Store__ConnectionString does not answer: {failure.Message}", "start it, or correct Store__ConnectionString; empty: an embedded store");
        }
    }

    /// <param name="dataDirectory">Of the store and the log.</param>
    public static Finding Disk(string dataDirectory)
    {
        var free = new DriveInfo(Existing(dataDirectory)).AvailableFreeSpace;
        var found = $"{free / 1e9:F1} GB free at {Path.GetFullPath(dataDirectory)}; 95,000 images take one (docs/sizing.md)";
        const string mend = "free some, or name another directory with --data";
        return free < NoRoom ? Finding.Missing("disk", found, mend) : free < LittleRoom ? Finding.Warn("disk", found, mend) : Finding.Ok("disk", found);
    }

    /// <param name="port">The Gateway's; 0: any.</param>
    /// <param name="isOurs">A Topfive answers there: that it has its ports is as it should be.</param>
    public static Finding Ports(int port, bool isOurs)
    {
        if (port == 0) return Finding.Ok("ports", "any free ones");
        int[] taken = [.. new[] { port, port + 1, port + 2, port + 10, port + 11, port + 12 }.Where(IsTaken)];
        return taken.Length == 0 ? Finding.Ok("ports", $"{port} to {port + 2} and {port + 10} to {port + 12} are free")
            : isOurs ? Finding.Ok("ports", "taken by the Topfive that answers")
            : Finding.Missing("ports", $"taken: {string.Join(", ", taken)}", "stop what listens there, or topfive up --port N (0: any free ones)");
    }

    private static Finding Directory(string path)
    {
        try
        {
            var probe = Path.Combine(Existing(path), Path.GetRandomFileName());
            File.Create(probe, 1, FileOptions.DeleteOnClose).Dispose();
            return Finding.Ok("store", $"embedded, in {Path.GetFullPath(path)}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return Finding.Missing("store", $"embedded, and {Path.GetFullPath(path)} cannot be written: {failure.Message}", "name another directory with --data, or a Redis with Store__ConnectionString");
        }
    }

    private static string Existing(string path)
    {
        var directory = new DirectoryInfo(Path.GetFullPath(path));
        while (!directory.Exists) directory = directory.Parent!;
        return directory.FullName;
    }

    private static bool IsTaken(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
