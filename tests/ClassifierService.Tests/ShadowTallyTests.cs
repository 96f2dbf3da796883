using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class ShadowTallyTests
{
    [Fact]
    public async Task What_the_store_does_not_take_is_kept_with_what_is_counted_meanwhile_and_written_once()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var service = await ServiceUnderTest.StartAsync(("Store:ConnectionString", redis.ConnectionString));
        var (tally, head, of) = (new ShadowTally(service.Get<ShadowStore>()), Some.Name("head"), new AgreementKey(1, "another head", 2));
        tally.Add(head, of, new AgreementCounts { Calls = 3, Agreements = 1 });

        await redis.RefuseWritesAsync();
        var refused = tally.FlushAsync();
        tally.Add(head, of, new AgreementCounts { Calls = 40, Dropped = 5 });
        await Assert.ThrowsAnyAsync<Exception>(() => refused);
        await redis.TakeWritesAsync();
        await tally.FlushAsync();
        await tally.FlushAsync();

        var told = await service.Get<ShadowStore>().ReadAsync(head, DateTimeOffset.UtcNow);
        Assert.All(told, hour => Assert.Equal(of, hour.Of));
        Assert.Equal(new AgreementCounts { Calls = 43, Agreements = 1, Dropped = 5 }, told.Select(hour => hour.Counts).Aggregate((one, other) => one + other));
    }
}
