using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>What became of a request to delete a version.</summary>
public enum VersionDeletion
{
    Deleted,
    NotFound,

    /// <summary>The version is live and stays.</summary>
    Live,
}

/// <content>
/// Which version is live, and which were before. Every change is one transaction; it fails, and is tried again, when
/// another change came between the look and the write.
/// </content>
public sealed partial class HeadStore
{
    /// <summary>So many promotions can be rolled back.</summary>
    private const int LiveHistory = 100;

    /// <returns>0 when none is live.</returns>
    public async Task<long> GetLiveVersionAsync(string head) =>
        ParseHistory(await connection.Database.StringGetAsync(Keys.HeadLive(head))).LastOrDefault();

    /// <summary>Makes a version live and tells every subscriber. One that is live already stays so.</summary>
    /// <returns>The version that was live before, 0 for none; null when there is no such version.</returns>
    public async Task<long?> PromoteAsync(string head, long version)
    {
        while (true)
        {
            var stored = await connection.Database.StringGetAsync(Keys.HeadLive(head));
            var history = ParseHistory(stored);
            var previous = history.LastOrDefault();
            if (!await connection.Database.HashExistsAsync(Keys.HeadVersions(head), version))
            {
                return null;
            }

            if (previous == version || await TryWriteHistoryAsync(head, stored, [.. history, version]))
            {
                return previous;
            }
        }
    }

    /// <summary>Makes the version live that was live before the current one, and tells every subscriber.</summary>
    /// <returns>The version that is live now and the one that was before; null when there is none to go back to.</returns>
    public async Task<(long Live, long Previous)?> RollbackAsync(string head)
    {
        while (true)
        {
            var stored = await connection.Database.StringGetAsync(Keys.HeadLive(head));
            var history = ParseHistory(stored);
            if (history.Count < 2)
            {
                return null;
            }

            if (await TryWriteHistoryAsync(head, stored, history[..^1]))
            {
                return (history[^2], history[^1]);
            }
        }
    }

    /// <summary>Deletes a version that is not live; rollbacks pass over it from then on.</summary>
    public async Task<VersionDeletion> DeleteVersionAsync(string head, long version)
    {
        var database = connection.Database;
        while (true)
        {
            var size = await database.HashGetAsync(Keys.HeadModelSizes(head), version);
            var stored = await database.StringGetAsync(Keys.HeadLive(head));
            var history = ParseHistory(stored);
            if (size.IsNull)
            {
                return VersionDeletion.NotFound;
            }

            if (history.LastOrDefault() == version)
            {
                return VersionDeletion.Live;
            }

            if (await TryWriteHistoryAsync(head, stored, WithoutVersion(history, version), deleted: version))
            {
                await Task.WhenAll(Parts((int)size).Select(part => database.KeyDeleteAsync(Keys.HeadModelPart(head, version, part.Index))));
                return VersionDeletion.Deleted;
            }
        }
    }

    /// <summary>
    /// Calls <paramref name="changed"/> with a head's name whenever its live version may have changed: on every change,
    /// and for every head when a lost connection is back, because what was said meanwhile was said to nobody.
    /// </summary>
    /// <returns>Dispose to end the subscription.</returns>
    public Task<IAsyncDisposable> SubscribeLiveChangesAsync(Action<string> changed) => Subscription.OpenAsync(
        connection.Multiplexer,
        Keys.LiveHeads,
        heard: message => changed(message.ToString()),
        reconnected: async () =>
        {
            foreach (var head in await connection.Database.SetMembersAsync(Keys.Heads))
            {
                changed(head.ToString());
            }
        });

    private async Task<bool> TryWriteHistoryAsync(string head, RedisValue expected, List<long> history, long deleted = 0)
    {
        var transaction = connection.Database.CreateTransaction();
        transaction.AddCondition(expected.IsNull
            ? Condition.KeyNotExists(Keys.HeadLive(head))
            : Condition.StringEqual(Keys.HeadLive(head), expected));
        if (history.Count > 0)
        {
            transaction.AddCondition(Condition.HashExists(Keys.HeadVersions(head), history[^1]));
            _ = transaction.StringSetAsync(Keys.HeadLive(head), string.Join(',', history.TakeLast(LiveHistory)));
        }

        if (deleted != 0)
        {
            _ = transaction.HashDeleteAsync(Keys.HeadVersions(head), deleted);
            _ = transaction.HashDeleteAsync(Keys.HeadModelSizes(head), deleted);
        }

        var written = await transaction.ExecuteAsync();
        if (written && deleted == 0)
        {
            await connection.Multiplexer.GetSubscriber().PublishAsync(Keys.LiveHeads, head);
        }

        return written;
    }

    private static List<long> ParseHistory(RedisValue stored) =>
        stored.IsNull ? [] : [.. stored.ToString().Split(',').Select(long.Parse)];

    /// <returns>The history as it would be had the version never been live: its neighbours, when the same, become one.</returns>
    private static List<long> WithoutVersion(IEnumerable<long> history, long version)
    {
        var rest = new List<long>();
        foreach (var entry in history.Where(entry => entry != version))
        {
            if (rest.Count == 0 || rest[^1] != entry)
            {
                rest.Add(entry);
            }
        }

        return rest;
    }
}
