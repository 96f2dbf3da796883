using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class HeadStoreInEmbeddedTests(EmbeddedUnderTest store) : HeadStoreTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class HeadStoreInRedisTests(RedisUnderTest store) : HeadStoreTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class HeadStoreInClusterTests(ClusterUnderTest store) : HeadStoreTests(store);

public abstract class HeadStoreTests(StoreUnderTest store) : HeadsUnderTest(store)
{
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

    private async Task<int> ModelPartsAsync()
    {
        var keys = Enumerable.Range(1, 5).SelectMany(version => Enumerable.Range(0, 10).Select(part => Keys.HeadModelPart(_head, version, part)));
        return (await Task.WhenAll(keys.Select(key => Store.Connection.Database.KeyExistsAsync(key)))).Count(there => there);
    }
}
