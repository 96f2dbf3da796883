using System.Diagnostics;
using System.Net;

namespace Topfive.TestKit;

/// <summary>Three real redis-servers as one cluster, each a master of a third of the slots, with no replicas; for tests.</summary>
public sealed class RedisCluster : IAsyncDisposable
{
    private const int Slots = 16_384;
    private const int Masters = 3;

    private RedisCluster(IReadOnlyList<RedisServer> nodes) => Nodes = nodes;

    public IReadOnlyList<RedisServer> Nodes { get; }

    /// <summary>For StackExchange.Redis: every node.</summary>
    public string ConnectionString => string.Join(',', Nodes.Select(node => node.ConnectionString));

    /// <returns>Null when there is no redis-server on the PATH: skip the test with <see cref="RedisServer.WhySkipped"/>.</returns>
    public static async Task<RedisCluster?> TryStartAsync()
    {
        var nodes = new List<RedisServer>();
        try
        {
            while (nodes.Count < Masters)
            {
                if (await RedisServer.TryStartAsync(clusterNode: true) is not { } node)
                {
                    return null;
                }

                nodes.Add(node);
            }

            await JoinAsync(nodes);
            return new RedisCluster(nodes);
        }
        catch
        {
            await StopAsync(nodes);
            throw;
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync(Nodes);

    /// <summary>What redis-cli --cluster create does.</summary>
    private static async Task JoinAsync(List<RedisServer> nodes)
    {
        for (var i = 0; i < nodes.Count; i++)
        {
            await OrderAsync(nodes[i], $"CLUSTER ADDSLOTSRANGE {i * Slots / nodes.Count} {((i + 1) * Slots / nodes.Count) - 1}");
            await OrderAsync(nodes[i], $"CLUSTER SET-CONFIG-EPOCH {i + 1}");
        }

        foreach (var node in nodes.Skip(1))
        {
            await OrderAsync(nodes[0], $"CLUSTER MEET {IPAddress.Loopback} {node.Port} {node.ClusterPort}");
        }

        var patience = Stopwatch.StartNew();
        foreach (var node in nodes)
        {
            while (!await KnowsAllAsync(node))
            {
                if (patience.Elapsed > TimeSpan.FromSeconds(60))
                {
                    throw new TimeoutException($"the cluster did not form within a minute:\n{await node.AskAsync("CLUSTER INFO")}");
                }

                await Task.Delay(50);
            }
        }
    }

    private static async Task OrderAsync(RedisServer node, string command)
    {
        if (await node.AskAsync(command) is var reply && reply != "+OK")
        {
            throw new InvalidOperationException($"redis-server answered {reply} to {command}");
        }
    }

    private static async Task<bool> KnowsAllAsync(RedisServer node)
    {
        var state = await node.AskAsync("CLUSTER INFO");
        return state.Contains("cluster_state:ok") && state.Contains($"cluster_size:{Masters}");
    }

    private static async Task StopAsync(IEnumerable<RedisServer> nodes)
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }
    }
}
