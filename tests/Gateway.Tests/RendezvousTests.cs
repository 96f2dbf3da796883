using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class RendezvousTests
{
    private static readonly ulong[] Replicas = [.. Enumerable.Range(1, 4).Select(i => ImageRoute.Seed($"10.0.0.{i}:8081"))];

    [Fact]
    public void Images_spread_evenly_over_the_replicas()
    {
        var random = new Random(1);
        var counts = new int[Replicas.Length];
        for (var i = 0; i < 40_000; i++)
        {
            counts[ImageRoute.OwnerOf((ulong)random.NextInt64(), Replicas)]++;
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
            var before = ImageRoute.OwnerOf(key, Replicas);
            var after = ImageRoute.OwnerOf(key, Replicas.AsSpan(0, 3));
            Assert.True(before == 3 || before == after);
        }
    }

    [Fact]
    public void The_second_in_line_is_the_owner_when_the_first_has_gone_and_the_line_holds_every_replica_once()
    {
        var random = new Random(3);
        for (var i = 0; i < 1_000; i++)
        {
            var key = (ulong)random.NextInt64();
            int[] line = [.. Enumerable.Range(0, Replicas.Length).Select(place => ImageRoute.OwnerOf(key, Replicas, place))];
            ulong[] others = [.. Replicas.Where((_, replica) => replica != line[0])];

            Assert.Equal(Replicas.Length, line.Distinct().Count());
            Assert.Equal(Replicas[line[1]], others[ImageRoute.OwnerOf(key, others)]);
            Assert.Equal(line[0], ImageRoute.OwnerOf(key, Replicas, Replicas.Length));
        }
    }
}
