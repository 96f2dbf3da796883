using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class RendezvousTests
{
    private static readonly ulong[] Replicas = [.. Enumerable.Range(1, 4).Select(i => ImageRoute.Seed($"10.0.0.{i}:8081"))];

    private static int OwnerOf(ulong key, IEnumerable<ulong> replicas) =>
        replicas.Index().MaxBy(replica => ImageRoute.Score(replica.Item, key)).Index;

    [Fact]
    public void Images_spread_evenly_over_the_replicas()
    {
        var random = new Random(1);
        var counts = new int[Replicas.Length];
        for (var i = 0; i < 40_000; i++)
        {
            counts[OwnerOf((ulong)random.NextInt64(), Replicas)]++;
        }

        Assert.All(counts, count => Assert.InRange(count, 9_500, 10_500));
    }

    [Fact]
    public void When_a_replica_goes_only_its_images_move()
    {
        var random = new Random(2);
        for (var i = 0; i < 10_000; i++)
        {
            var key = (ulong)random.NextInt64();
            var before = OwnerOf(key, Replicas);
            var after = OwnerOf(key, Replicas.Take(3));
            Assert.True(before == 3 || before == after);
        }
    }
}
