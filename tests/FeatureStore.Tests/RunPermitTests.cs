using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class RunPermitInEmbeddedTests(EmbeddedUnderTest store) : RunPermitTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class RunPermitInRedisTests(RedisUnderTest store) : RunPermitTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class RunPermitInClusterTests(ClusterUnderTest store) : RunPermitTests(store);

/// <summary>Of a run there is a version, or whoever ends it knows that there never will be.</summary>
public abstract class RunPermitTests(StoreUnderTest store)
{
    private readonly string _head = Some.Name();
    private readonly string _run = Some.Name();

    private HeadStore Heads => new(store.Connection);

    private Head Meta => new() { Head_ = _head, RunId = _run };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_that_others_have_ended_publishes_nothing(bool live)
    {
        await Heads.PermitAsync(_head, _run);
        var staged = await Heads.StageAsync(_head, Some.Bytes(1, 10));
        // A process that slept from here on finds that its run has been ended meanwhile.
        Assert.Null(await Heads.TakePermitAsync(_head, _run));

        await Assert.ThrowsAsync<LeaseLostException>(() => PublishAsync(staged, live));

        Assert.Empty(await Heads.ListVersionsAsync(_head));
        Assert.Equal(0, await Heads.GetLiveVersionAsync(_head));
        Assert.Empty(await Heads.ListPromotionsAsync(_head));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_publishes_once_and_whoever_ends_it_learns_what(bool live)
    {
        await Heads.PermitAsync(_head, _run);
        var staged = await Heads.StageAsync(_head, Some.Bytes(1, 10));
        await PublishAsync(staged, live);

        Assert.Equal(staged.Version, (await Heads.TakePermitAsync(_head, _run))!.Version);
        Assert.Equal(staged.Version, (await Heads.TakePermitAsync(_head, _run))!.Version);
        Assert.Null(await Heads.TakePermitAsync(_head, "another run"));
        var again = await Heads.StageAsync(_head, Some.Bytes(1, 10));
        await Assert.ThrowsAsync<LeaseLostException>(() => PublishAsync(again, live: false));
        Assert.Equal([staged.Version], (await Heads.ListVersionsAsync(_head)).Select(head => head.Version));
    }

    [Fact]
    public async Task A_run_may_publish_still_when_another_version_went_live_in_its_place()
    {
        await Heads.PermitAsync(_head, _run);
        var first = await Heads.AddVersionAsync(new Head { Head_ = _head }, Some.Bytes(1, 10));
        await Heads.PromoteAsync(_head, first, new Promotion());
        var staged = await Heads.StageAsync(_head, Some.Bytes(1, 10));

        Assert.False(await Heads.TryPublishLiveAsync(staged, Meta, live: 0, new Promotion()));
        Assert.True(await Heads.TryPublishLiveAsync(staged, Meta, live: first, new Promotion()));
    }

    [Fact]
    public async Task Of_a_version_and_an_end_that_come_at_once_there_is_one()
    {
        for (var round = 0; round < 20; round++)
        {
            var (head, run) = (Some.Name(), Some.Name());
            await Heads.PermitAsync(head, run);
            var staged = await Heads.StageAsync(head, Some.Bytes(1, 10));

            var publishing = Record.ExceptionAsync(() => Heads.PublishAsync(staged, new Head { Head_ = head, RunId = run }));
            var ending = Heads.TakePermitAsync(head, run);

            var (refusal, published) = (await publishing, await ending);
            Assert.True(refusal is null or LeaseLostException, $"{refusal}");
            Assert.Equal(refusal is null, published is not null);
            Assert.Equal(refusal is null, await Heads.GetAsync(head, staged.Version) is not null);
        }
    }

    private async Task PublishAsync(StagedVersion staged, bool live)
    {
        if (live) Assert.True(await Heads.TryPublishLiveAsync(staged, Meta, live: 0, new Promotion()));
        else await Heads.PublishAsync(staged, Meta);
    }
}
