using System.Collections.Concurrent;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class LiveVersionInEmbeddedTests(EmbeddedUnderTest store) : LiveVersionTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class LiveVersionInRedisTests(RedisUnderTest store) : LiveVersionTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class LiveVersionInClusterTests(ClusterUnderTest store) : LiveVersionTests(store);

/// <summary>Which version of a head is live: promotions, rollbacks, their history, and who hears of them.</summary>
public abstract class LiveVersionTests(StoreUnderTest store) : HeadsUnderTest(store)
{
    [Fact]
    public async Task A_promotion_says_what_was_live_and_rollbacks_go_back_step_by_step()
    {
        await AddVersionsAsync(3);

        Assert.Equal(0, await Heads.PromoteAsync(_head, 1, new Promotion()));
        Assert.Equal(1, await Heads.PromoteAsync(_head, 3, new Promotion()));
        Assert.Equal(3, await Heads.PromoteAsync(_head, 2, new Promotion()));
        Assert.Equal(2, await Heads.GetLiveVersionAsync(_head));
        Assert.True((await Heads.GetAsync(_head, 2))!.Live);
        Assert.False((await Heads.GetAsync(_head, 3))!.Live);

        Assert.Equal((3, 2), await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Equal((1, 3), await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Null(await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Equal(1, await Heads.GetLiveVersionAsync(_head));
    }

    [Fact]
    public async Task Promoting_what_is_live_changes_nothing()
    {
        await AddVersionsAsync(2);
        await Heads.PromoteAsync(_head, 1, new Promotion());
        await Heads.PromoteAsync(_head, 2, new Promotion());

        Assert.Equal(2, await Heads.PromoteAsync(_head, 2, new Promotion()));

        Assert.Equal((1, 2), await Heads.RollbackAsync(_head, new Promotion()));
    }

    [Fact]
    public async Task Promotions_at_the_same_time_each_follow_another()
    {
        await AddVersionsAsync(8);

        var previous = await Task.WhenAll(Enumerable.Range(1, 8).Select(version => Heads.PromoteAsync(_head, version, new Promotion())));

        Assert.Equal(8, previous.Distinct().Count());
        Assert.Contains(0L, previous.OfType<long>());
        for (var back = 0; back < 7; back++)
        {
            Assert.NotNull(await Heads.RollbackAsync(_head, new Promotion()));
        }

        Assert.Null(await Heads.RollbackAsync(_head, new Promotion()));
    }

    [Fact]
    public async Task A_live_version_cannot_be_deleted_and_a_rollback_passes_over_a_deleted_one()
    {
        await AddVersionsAsync(3);
        foreach (var version in (long[])[1, 2, 1, 3])
        {
            await Heads.PromoteAsync(_head, version, new Promotion());
        }

        Assert.Equal(VersionDeletion.Live, await Heads.DeleteVersionAsync(_head, 3));
        Assert.Equal(VersionDeletion.Deleted, await Heads.DeleteVersionAsync(_head, 2));

        Assert.Null(await Heads.GetAsync(_head, 2));
        Assert.Null(await Heads.GetModelAsync(_head, 2));
        Assert.Equal((1, 3), await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Null(await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Equal(4, await AddAsync("new"));
    }

    [Fact]
    public async Task Every_change_of_what_is_live_is_written_down_newest_first()
    {
        await AddVersionsAsync(2);
        var caller = new Caller { User = "ann", Peer = "10.0.0.7" };

        await Heads.PromoteAsync(_head, 1, new Promotion { Cause = PromotionCause.Promoted, Caller = caller });
        await Heads.PromoteAsync(_head, 2, new Promotion { Cause = PromotionCause.Promoted, Caller = caller, Reason = "it is newer" });
        await Heads.PromoteAsync(_head, 2, new Promotion { Reason = "changes nothing" });
        await Heads.RollbackAsync(_head, new Promotion { Cause = PromotionCause.RolledBack });

        var changes = await Heads.ListPromotionsAsync(_head);
        Assert.Equal(
            [(2, 1, PromotionCause.RolledBack, ""), (1, 2, PromotionCause.Promoted, "it is newer"), (0, 1, PromotionCause.Promoted, "")],
            changes.Select(change => (change.FromVersion, change.ToVersion, change.Cause, change.Reason)));
        Assert.Equal([null, caller, caller], changes.Select(change => change.Caller));
        Assert.All(changes, change => Assert.InRange(change.Time.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(1)));
    }

    [Fact]
    public async Task Only_so_many_changes_are_remembered()
    {
        await AddVersionsAsync(2);
        for (var change = 0; change <= HeadStore.PromotionsKept; change++)
        {
            await Heads.PromoteAsync(_head, 1 + (change % 2), new Promotion { Reason = $"change {change}" });
        }

        var changes = await Heads.ListPromotionsAsync(_head);

        Assert.Equal(HeadStore.PromotionsKept, changes.Count);
        Assert.Equal(($"change {HeadStore.PromotionsKept}", "change 1"), (changes[0].Reason, changes[^1].Reason));
    }

    [Fact]
    public async Task A_staged_version_goes_live_only_while_the_version_it_was_held_against_is()
    {
        await AddVersionsAsync(2);
        await Heads.PromoteAsync(_head, 1, new Promotion());
        var staged = await Heads.StageAsync(_head, Some.Bytes(1, 10));
        await Heads.PromoteAsync(_head, 2, new Promotion());

        Assert.False(await Heads.TryPublishLiveAsync(staged, new Head { Head_ = _head }, live: 1, new Promotion()));
        Assert.Null(await Heads.GetAsync(_head, staged.Version));
        Assert.True(await Heads.TryPublishLiveAsync(staged, new Head { Head_ = _head }, live: 2, new Promotion { RunId = "r" }));

        Assert.True((await Heads.GetAsync(_head, staged.Version))!.Live);
        var last = (await Heads.ListPromotionsAsync(_head))[0];
        Assert.Equal((2, staged.Version, "r"), (last.FromVersion, last.ToVersion, last.RunId));
        Assert.Equal((2, staged.Version), await Heads.RollbackAsync(_head, new Promotion()));
    }

    [Fact]
    public async Task Versions_that_were_held_against_the_same_one_cannot_both_replace_it()
    {
        await AddVersionsAsync(1);
        await Heads.PromoteAsync(_head, 1, new Promotion());
        var staged = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Heads.StageAsync(_head, Some.Bytes(1, 10))));

        var live = await Task.WhenAll(staged.Select(version => Heads.TryPublishLiveAsync(version, new Head { Head_ = _head }, live: 1, new Promotion())));

        Assert.Single(live, true);
    }

    [Fact]
    public async Task Subscribers_of_another_connection_hear_of_promotions_and_rollbacks()
    {
        await using var elsewhere = await StoreUnderTest.OpenAsync(Store.Connection.Multiplexer.Configuration.Split(',')[0]);
        var heard = new BlockingCollection<string>();
        await using var subscription = await new HeadStore(elsewhere).SubscribeLiveChangesAsync(heard.Add);
        await AddVersionsAsync(2);

        await Heads.PromoteAsync(_head, 1, new Promotion());
        Assert.True(Heard(heard, _head));
        await Heads.PromoteAsync(_head, 2, new Promotion());
        Assert.True(Heard(heard, _head));
        await Heads.RollbackAsync(_head, new Promotion());
        Assert.True(Heard(heard, _head));
    }

    private static bool Heard(BlockingCollection<string> names, string head)
    {
        while (names.TryTake(out var name, TimeSpan.FromSeconds(5)))
        {
            if (name == head)
            {
                return true;
            }
        }

        return false;
    }
}
