using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <content>
/// Which version is live, and which were before. Every change is one transaction; it fails, and is tried again, when
/// another change came between the look and the write.
/// </content>
public sealed partial class HeadStore
{
    /// <summary>So many promotions can be rolled back.</summary>
    private const int LiveHistory = 100;

    /// <summary>So many changes of what is live are remembered.</summary>
    public const int PromotionsKept = 1_000;

    /// <returns>0 when none is live.</returns>
    public async Task<long> GetLiveVersionAsync(string head) =>
        ParseHistory(await connection.Database.StringGetAsync(Keys.HeadLive(head))).LastOrDefault();

    /// <summary>Makes a version live and tells every subscriber. One that is live already stays so.</summary>
    /// <param name="head">Its name.</param>
    /// <param name="version">Of it.</param>
    /// <param name="why">For the list of promotions; time and versions are set here, not taken from it.</param>
    /// <returns>The version that was live before, 0 for none; null when there is no such version.</returns>
    public async Task<long?> PromoteAsync(string head, long version, Promotion why)
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

            if (previous == version)
            {
                return previous;
            }

            var change = Changing(head, stored);
            change.AddCondition(Condition.HashExists(Keys.HeadVersions(head), version));
            SetLive(change, head, [.. history, version], previous, why);
            if (await ExecuteAsync(change, head))
            {
                return previous;
            }
        }
    }

    /// <summary>Makes a staged version visible and live in one step, as <see cref="PublishAsync"/> does and <see cref="PromoteAsync"/>.</summary>
    /// <param name="staged">From <see cref="StageAsync"/>.</param>
    /// <param name="meta">Version, creation time and live are set here, not taken from it.</param>
    /// <param name="live">The version that must still be live, 0 for none.</param>
    /// <param name="why">For the list of promotions; time and versions are set here, not taken from it.</param>
    /// <returns>False, and nothing is done, when another version is live by now.</returns>
    /// <exception cref="LeaseLostException">As of <see cref="PublishAsync"/>.</exception>
    public async Task<bool> TryPublishLiveAsync(StagedVersion staged, Head meta, long live, Promotion why)
    {
        while (true)
        {
            var stored = await connection.Database.StringGetAsync(Keys.HeadLive(staged.Head));
            var history = ParseHistory(stored);
            if (history.LastOrDefault() != live)
            {
                return false;
            }

            var change = Changing(staged.Head, stored);
            AddVersion(change, staged, meta);
            SetLive(change, staged.Head, [.. history, staged.Version], live, why);
            if (await ExecuteAsPermittedAsync(change, meta))
            {
                await TellAsync(staged.Head);
                return true;
            }
        }
    }

    /// <summary>Makes the version live that was live before the current one, and tells every subscriber.</summary>
    /// <param name="head">Its name.</param>
    /// <param name="why">For the list of promotions; time and versions are set here, not taken from it.</param>
    /// <returns>The version that is live now and the one that was before; null when there is none to go back to.</returns>
    public async Task<(long Live, long Previous)?> RollbackAsync(string head, Promotion why)
    {
        while (true)
        {
            var stored = await connection.Database.StringGetAsync(Keys.HeadLive(head));
            var history = ParseHistory(stored);
            if (history.Count < 2)
            {
                return null;
            }

            var change = Changing(head, stored);
            SetLive(change, head, history[..^1], history[^1], why);
            if (await ExecuteAsync(change, head))
            {
                return (history[^2], history[^1]);
            }
        }
    }

    /// <returns>Every change of what is live, newest first; of a deleted head too.</returns>
    public async Task<IReadOnlyList<Promotion>> ListPromotionsAsync(string head) =>
        [.. (await connection.Database.ListRangeAsync(Keys.HeadPromotions(head))).Select(stored => Promotion.Parser.ParseFrom((byte[])stored!))];

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
            // Past the breaker, which may not have heard yet that the store is back.
            foreach (var head in await connection.Multiplexer.GetDatabase().SetMembersAsync(Keys.Heads))
            {
                changed(head.ToString());
            }
        });

    /// <summary>A transaction that does nothing when what is live is no longer as it was seen.</summary>
    private ITransaction Changing(string head, RedisValue seen)
    {
        var transaction = connection.Database.CreateTransaction();
        transaction.AddCondition(seen.IsNull
            ? Condition.KeyNotExists(Keys.HeadLive(head))
            : Condition.StringEqual(Keys.HeadLive(head), seen));
        return transaction;
    }

    private static void SetLive(ITransaction change, string head, List<long> history, long previous, Promotion why)
    {
        _ = change.StringSetAsync(Keys.HeadLive(head), string.Join(',', history.TakeLast(LiveHistory)));
        Record(change, head, previous, history[^1], why);
    }

    private static void Record(ITransaction change, string head, long from, long to, Promotion why)
    {
        var entry = why.Clone();
        (entry.Time, entry.FromVersion, entry.ToVersion) = (Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow), from, to);
        _ = change.ListLeftPushAsync(Keys.HeadPromotions(head), entry.ToByteArray());
        _ = change.ListTrimAsync(Keys.HeadPromotions(head), 0, PromotionsKept - 1);
    }

    /// <returns>False when nothing was done.</returns>
    private async Task<bool> ExecuteAsync(ITransaction change, string head)
    {
        if (!await change.ExecuteAsync())
        {
            return false;
        }

        await TellAsync(head);
        return true;
    }

    private async Task TellAsync(string head)
    {
        try
        {
            await connection.Multiplexer.GetSubscriber().PublishAsync(Keys.LiveHeads, head);
        }
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            // It is done; the replicas look for themselves, too.
        }
    }

    private static List<long> ParseHistory(RedisValue stored) =>
        stored.IsNull ? [] : [.. stored.ToString().Split(',').Select(long.Parse)];
}
