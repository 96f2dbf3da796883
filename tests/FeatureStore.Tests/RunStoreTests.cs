using Google.Protobuf.WellKnownTypes;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class RunStoreInEmbeddedTests(EmbeddedUnderTest store) : RunStoreTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class RunStoreInRedisTests(RedisUnderTest store) : RunStoreTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class RunStoreInClusterTests(ClusterUnderTest store) : RunStoreTests(store);

public abstract class RunStoreTests(StoreUnderTest store)
{
    private readonly string _runId = Some.Name();

    private RunStore Runs => new(store.Connection);

    [Fact]
    public async Task A_run_is_kept_as_it_was_saved_last()
    {
        var run = NewRun(_runId, minute: 0);
        await Runs.SaveAsync(run);
        run.State = RunState.Running;
        run.EpochsDone = 3;
        await Runs.SaveAsync(run);

        Assert.Equal(run, await Runs.GetAsync(_runId));
        Assert.Null(await Runs.GetAsync("no such run"));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first()
    {
        string[] ids = [Some.Name(), Some.Name(), Some.Name()];
        await Runs.SaveAsync(NewRun(ids[0], minute: 2));
        await Runs.SaveAsync(NewRun(ids[1], minute: 1));
        await Runs.SaveAsync(NewRun(ids[2], minute: 3));

        var listed = (await Runs.ListAsync()).Select(run => run.RunId).Where(ids.Contains);

        Assert.Equal([ids[2], ids[0], ids[1]], listed);
    }

    [Fact]
    public async Task Events_are_read_in_order_from_any_index()
    {
        for (var epoch = 1; epoch <= 5; epoch++)
        {
            await Runs.AppendEventAsync(_runId, new RunEvent { Epoch = new Epoch { Epoch_ = epoch, Loss = epoch } });
        }

        Assert.Equal([1, 2, 3, 4, 5], (await Runs.ReadEventsAsync(_runId, 0)).Select(happened => happened.Epoch.Epoch_));
        Assert.Equal([4, 5], (await Runs.ReadEventsAsync(_runId, 3)).Select(happened => happened.Epoch.Epoch_));
        Assert.Empty(await Runs.ReadEventsAsync(_runId, 5));
    }

    /// <summary>To EXPIRE, Garnet answers with what lies in its buffer when the key has expired and is not yet removed, and the connection is lost.</summary>
    [Fact]
    public async Task A_lease_that_has_lapsed_is_not_renewed_and_everything_that_is_asked_meanwhile_is_answered()
    {
        await new RunLeases(store.Connection).TakeAsync(_runId);
        await store.Connection.Database.StringSetAsync(Keys.RunLease(_runId), "", TimeSpan.FromMilliseconds(1));
        await Task.Delay(TimeSpan.FromMilliseconds(20));

        // Another process' view: this one does not know when it was renewed last.
        var renewed = new RunLeases(store.Connection).RenewAsync(_runId);
        var others = Enumerable.Range(0, 20).Select(_ => Runs.GetAsync("no such run"));

        Assert.False(await renewed);
        Assert.All(await Task.WhenAll(others), Assert.Null);
        Assert.Contains(_runId, await new RunLeases(store.Connection).FindAbandonedAsync());
    }

    [Fact]
    public async Task Two_subscribers_hear_every_event_and_one_may_leave()
    {
        using var first = new SemaphoreSlim(0);
        using var second = new SemaphoreSlim(0);
        var leaving = await Runs.SubscribeEventsAsync(_runId, () => first.Release());
        await using var staying = await Runs.SubscribeEventsAsync(_runId, () => second.Release());

        await Runs.AppendEventAsync(_runId, new RunEvent());
        Assert.True(await first.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.True(await second.WaitAsync(TimeSpan.FromSeconds(5)));

        await leaving.DisposeAsync();
        await Runs.AppendEventAsync(_runId, new RunEvent());
        Assert.True(await second.WaitAsync(TimeSpan.FromSeconds(5)));
        Assert.Equal(0, first.CurrentCount);
    }

    private static Run NewRun(string runId, int minute) => new()
    {
        RunId = runId,
        Created = Timestamp.FromDateTime(new DateTime(2026, 1, 1, 0, minute, 0, DateTimeKind.Utc)),
    };
}
