using Google.Protobuf;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>Training runs and what happened in them.</summary>
public sealed class RunStore(StoreConnection connection)
{
    /// <summary>Adds a run, or writes over the one with its id. <see cref="Run.Created"/> must be set.</summary>
    public async Task SaveAsync(Run run)
    {
        await connection.Database.StringSetAsync(Keys.Run(run.RunId), run.ToByteArray());
        await connection.Database.SortedSetAddAsync(Keys.Runs, run.RunId, run.Created.ToDateTimeOffset().ToUnixTimeMilliseconds());
    }

    /// <summary>
    /// Writes down how a run stands and the event with it, both or neither, and only while its lease lasts: a process that
    /// slept beyond it does not write over what others made of the run meanwhile.
    /// </summary>
    /// <returns>False when the lease is gone; nothing is written then.</returns>
    public async Task<bool> TryUpdateAsync(Run run, RunEvent? happened = null)
    {
        var transaction = connection.Database.CreateTransaction();
        transaction.AddCondition(Condition.KeyExists(Keys.RunLease(run.RunId)));
        _ = transaction.StringSetAsync(Keys.Run(run.RunId), run.ToByteArray());
        if (happened is not null) _ = transaction.ListRightPushAsync(Keys.RunEvents(run.RunId), happened.ToByteArray());
        if (!await transaction.ExecuteAsync()) return false;
        if (happened is not null) await WakeAsync(run.RunId);
        return true;
    }

    /// <returns>Null when there is no such run.</returns>
    public async Task<Run?> GetAsync(string runId)
    {
        var stored = await connection.Database.StringGetAsync(Keys.Run(runId));
        return stored.IsNull ? null : Run.Parser.ParseFrom((byte[])stored!);
    }

    /// <returns>Newest first.</returns>
    public async Task<IReadOnlyList<Run>> ListAsync()
    {
        var ids = await connection.Database.SortedSetRangeByRankAsync(Keys.Runs, order: Order.Descending);
        return [.. (await Task.WhenAll(ids.Select(id => GetAsync(id.ToString())))).OfType<Run>()];
    }

    /// <summary>Adds an event behind the others and wakes the run's subscribers.</summary>
    public async Task AppendEventAsync(string runId, RunEvent runEvent)
    {
        await connection.Database.ListRightPushAsync(Keys.RunEvents(runId), runEvent.ToByteArray());
        await WakeAsync(runId);
    }

    /// <returns>The run's events from the one with index <paramref name="fromIndex"/> (the first is 0), in order.</returns>
    public async Task<IReadOnlyList<RunEvent>> ReadEventsAsync(string runId, long fromIndex) =>
        [.. (await connection.Database.ListRangeAsync(Keys.RunEvents(runId), fromIndex))
            .Select(stored => RunEvent.Parser.ParseFrom((byte[])stored!))];

    /// <summary>
    /// Calls <paramref name="happened"/> when there may be new events: after each one, and when a lost connection is
    /// back. Subscribe first and read then, or an event falls between.
    /// </summary>
    /// <returns>Dispose to end the subscription.</returns>
    public Task<IAsyncDisposable> SubscribeEventsAsync(string runId, Action happened) => Subscription.OpenAsync(
        connection.Multiplexer,
        Keys.RunEventsChannel(runId),
        heard: _ => happened(),
        reconnected: () =>
        {
            happened();
            return Task.CompletedTask;
        });

    private Task<long> WakeAsync(string runId) =>
        connection.Multiplexer.GetSubscriber().PublishAsync(Keys.RunEventsChannel(runId), RedisValue.EmptyString);
}
