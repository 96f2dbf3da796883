using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Topfive.FeatureStore;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Vectors a second out of the store by one connection: as single GETs under way together, which is how a stream looks
/// up, and as MGETs of the same number of keys.
/// </summary>
internal static class LookUpBench
{
    private const int Vectors = 1_000;
    private const int Rounds = 40;

    public static async Task<int> RunAsync()
    {
        using var directory = new TempDirectory();
        await using var embedded = await EmbeddedStore.StartAsync(directory.Path);
        await using var redis = await RedisServer.TryStartAsync();
        foreach (var (name, address) in new[] { ("embedded", embedded.ConnectionString), ("redis-server", redis?.ConnectionString) })
        {
            if (address is not null) await CompareAsync(name, address);
        }

        return 0;
    }

    private static async Task CompareAsync(string name, string address)
    {
        await using var connection = new StoreConnection(
            Options.Create(new StoreOptions { ConnectionString = address }), NullLoggerFactory.Instance);
        await connection.OpenAsync();
        var store = new VectorStore(connection);
        var fingerprint = new string('0', 64);
        ImageHash[] images = [.. Enumerable.Range(0, Vectors).Select(i => ImageHash.Of(BitConverter.GetBytes(i)))];
        await Task.WhenAll(images.Select(image => store.SetAsync(fingerprint, image, new float[2048])));
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(address);
        var database = multiplexer.GetDatabase();
        RedisKey[] keys = [.. images.Select(image => (RedisKey)$"topfive:vector:{fingerprint}:{image}")];

        foreach (var together in new[] { 16, 64, 128 })
        {
            for (var pass = 0; pass < 2; pass++)
            {
                var gets = await MeasureAsync(together, async first =>
                {
                    var leases = await Task.WhenAll(Enumerable.Range(first, together).Select(i => store.GetAsync(fingerprint, images[i])));
                    foreach (var lease in leases) lease!.Dispose();
                });
                var mget = await MeasureAsync(together, async first => await database.StringGetAsync(keys[first..(first + together)]));
                if (pass == 1) Console.WriteLine($"{name,-12} {together,4} together: {gets,9:N0} by GET, {mget,9:N0} by MGET, ratio {mget / gets:F2}");
            }
        }
    }

    private static async Task<double> MeasureAsync(int together, Func<int, Task> look)
    {
        var began = Stopwatch.GetTimestamp();
        var count = 0;
        for (var round = 0; round < Rounds; round++)
        {
            for (var first = 0; first + together <= Vectors; first += together, count += together) await look(first);
        }

        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }
}
