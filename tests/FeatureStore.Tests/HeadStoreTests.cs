using System.Collections.Concurrent;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class HeadStoreInEmbeddedTests(EmbeddedUnderTest store) : HeadStoreTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class HeadStoreInRedisTests(RedisUnderTest store) : HeadStoreTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class HeadStoreInClusterTests(ClusterUnderTest store) : HeadStoreTests(store);

public abstract class HeadStoreTests(StoreUnderTest store)
{
    private readonly string _head = Some.Name();

    private HeadStore Heads => new(store.Connection);

    [Fact]
    public async Task Versions_count_from_one_and_keep_their_meta_and_model()
    {
        Assert.Equal(1, await AddAsync("a"));
        Assert.Equal(2, await AddAsync("b"));

        var second = await Heads.GetAsync(_head, 2);
        Assert.Equal(["b"], second!.Labels);
        Assert.Equal(2, second.Version);
        Assert.False(second.Live);
        Assert.InRange(second.Created.ToDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow);
        Assert.Equal([2, 1], (await Heads.ListVersionsAsync(_head)).Select(head => head.Version));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(512 << 10)]
    [InlineData((512 << 10) + 1)]
    [InlineData(20 << 20)]
    public async Task A_model_of_any_size_comes_back_as_it_was(int bytes)
    {
        var model = Some.Bytes(1, bytes);

        var version = await Heads.AddVersionAsync(new Head { Head_ = _head }, model);

        Assert.Equal(model, await Heads.GetModelAsync(_head, version));
    }

    [Fact]
    public async Task Versions_added_at_the_same_time_are_all_there()
    {
        var versions = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => AddAsync($"label {i}")));

        Assert.Equal(Enumerable.Range(1, 20).Select(i => (long)i), versions.Order());
        for (var i = 0; i < versions.Length; i++)
        {
            Assert.Equal([$"label {i}"], (await Heads.GetAsync(_head, versions[i]))!.Labels);
        }
    }

    [Fact]
    public async Task What_is_not_there_is_null()
    {
        Assert.Null(await Heads.GetAsync(_head, 1));
        Assert.Null(await Heads.GetModelAsync(_head, 1));
        Assert.Equal(0, await Heads.GetLiveVersionAsync(_head));
        Assert.Null(await Heads.PromoteAsync(_head, 1, new Promotion()));
        Assert.Null(await Heads.RollbackAsync(_head, new Promotion()));
        Assert.Equal(VersionDeletion.NotFound, await Heads.DeleteVersionAsync(_head, 1));
        Assert.Empty(await Heads.ListVersionsAsync(_head));
    }

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
    public async Task A_staged_version_is_seen_by_nobody_until_it_is_published()
    {
        var model = Some.Bytes(1, 3 << 20);
        var kept = await Heads.StageAsync(_head, model);
        var dropped = await Heads.StageAsync(_head, model);
        Assert.Empty(await Heads.ListVersionsAsync(_head));
        Assert.Null(await Heads.GetModelAsync(_head, kept.Version));

        await Heads.PublishAsync(kept, new Head { Head_ = _head });
        await Heads.DiscardAsync(kept);
        await Heads.DiscardAsync(dropped);

        Assert.Equal(model, await Heads.GetModelAsync(_head, kept.Version));
        Assert.Equal([kept.Version], (await Heads.ListVersionsAsync(_head)).Select(head => head.Version));
        Assert.Equal(6, await ModelPartsAsync());
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
    public async Task A_deleted_head_is_gone_whole_and_its_history_and_its_numbers_go_on()
    {
        await AddVersionsAsync(3);
        await Heads.PromoteAsync(_head, 2, new Promotion());

        Assert.Equal(3, await Heads.DeleteHeadAsync(_head, new Promotion { Cause = PromotionCause.HeadDeleted }));

        Assert.Empty(await Heads.ListVersionsAsync(_head));
        Assert.Equal(0, await Heads.GetLiveVersionAsync(_head));
        Assert.Equal(0, await ModelPartsAsync());
        Assert.DoesNotContain(await Heads.ListAsync(), head => head.Head_ == _head);
        Assert.Equal((2, 0, PromotionCause.HeadDeleted), (await Heads.ListPromotionsAsync(_head)).Select(change => (change.FromVersion, change.ToVersion, change.Cause)).First());
        Assert.Equal(0, await Heads.DeleteHeadAsync(_head, new Promotion()));
        Assert.Equal(4, await AddAsync("new"));
    }

    [Fact]
    public async Task The_list_shows_the_live_version_or_else_the_newest()
    {
        var other = Some.Name();
        await AddVersionsAsync(3);
        await Heads.PromoteAsync(_head, 2, new Promotion());
        await Heads.AddVersionAsync(new Head { Head_ = other }, Some.Bytes(1, 10));
        await Heads.AddVersionAsync(new Head { Head_ = other }, Some.Bytes(1, 10));

        var list = await Heads.ListAsync();

        Assert.Equal(2, list.Single(head => head.Head_ == _head).Version);
        Assert.Equal(2, list.Single(head => head.Head_ == other).Version);
        Assert.Equal(list.Select(head => head.Head_).Order(StringComparer.Ordinal), list.Select(head => head.Head_));
    }

    [Fact]
    public async Task Subscribers_of_another_connection_hear_of_promotions_and_rollbacks()
    {
        await using var elsewhere = await StoreUnderTest.OpenAsync(store.Connection.Multiplexer.Configuration.Split(',')[0]);
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

    private async Task<int> ModelPartsAsync()
    {
        var keys = Enumerable.Range(1, 5).SelectMany(version => Enumerable.Range(0, 10).Select(part => Keys.HeadModelPart(_head, version, part)));
        return (await Task.WhenAll(keys.Select(key => store.Connection.Database.KeyExistsAsync(key)))).Count(there => there);
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

    private Task<long> AddAsync(string label) =>
        Heads.AddVersionAsync(new Head { Head_ = _head, Labels = { label } }, Some.Bytes(1, 100));

    private async Task AddVersionsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await AddAsync($"label {i}");
        }
    }
}
