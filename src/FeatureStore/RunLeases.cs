using System.Collections.Concurrent;
using System.Diagnostics;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// Which runs a living process has in hand, and which of them somebody wants ended. A process renews its leases; when it
/// dies they lapse, and whoever looks finds its runs abandoned.
/// </summary>
public sealed class RunLeases(StoreConnection connection)
{
    /// <summary>A lease that is not renewed for so long is gone.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan CancelLifetime = TimeSpan.FromDays(1);

    /// <summary>When this process' leases were last known to be there, by <see cref="Stopwatch"/>.</summary>
    private readonly ConcurrentDictionary<string, long> _renewed = new(StringComparer.Ordinal);

    public async Task TakeAsync(string runId)
    {
        var now = Stopwatch.GetTimestamp();
        // The lease first: a run in hand without one counts as abandoned.
        await connection.Database.StringSetAsync(Keys.RunLease(runId), "", Lifetime);
        await connection.Database.SetAddAsync(Keys.RunsInHand, runId);
        _renewed[runId] = now;
    }

    /// <returns>False when the lease had lapsed: the run may be counted as abandoned by now.</returns>
    public async Task<bool> RenewAsync(string runId)
    {
        var now = Stopwatch.GetTimestamp();
        // Not EXPIRE: of a key that has lapsed and is not yet removed, the embedded store answers it with rubbish, and the connection is lost.
        if (!await connection.Database.StringSetAsync(Keys.RunLease(runId), "", Lifetime, When.Exists))
        {
            // Gone before its time, so the store's clock was set. Unless somebody has counted the run as abandoned already, it is this process' still.
            if (!_renewed.TryGetValue(runId, out var last) || Stopwatch.GetElapsedTime(last) >= Lifetime) return false;
            if (!await connection.Database.SetContainsAsync(Keys.RunsInHand, runId)) return false;
            await connection.Database.StringSetAsync(Keys.RunLease(runId), "", Lifetime);
        }

        _renewed[runId] = now;
        return true;
    }

    /// <summary>After the run's end is recorded.</summary>
    public async Task ReleaseAsync(string runId)
    {
        _renewed.TryRemove(runId, out _);
        await connection.Database.SetRemoveAsync(Keys.RunsInHand, runId);
        await Task.WhenAll(
            connection.Database.KeyDeleteAsync(Keys.RunLease(runId)),
            connection.Database.KeyDeleteAsync(Keys.RunCancel(runId)));
    }

    /// <returns>Runs that were in a process' hand which no longer answers.</returns>
    public async Task<IReadOnlyList<string>> FindAbandonedAsync()
    {
        var inHand = await connection.Database.SetMembersAsync(Keys.RunsInHand);
        var alive = await Task.WhenAll(inHand.Select(id => connection.Database.KeyExistsAsync(Keys.RunLease(id.ToString()))));
        return [.. inHand.Where((_, i) => !alive[i]).Select(id => id.ToString())];
    }

    /// <returns>True for one caller only, who then tells the watchers of an abandoned run.</returns>
    public Task<bool> TryClearAbandonedAsync(string runId) => connection.Database.SetRemoveAsync(Keys.RunsInHand, runId);

    /// <summary>For a run that another process has in hand; that one looks every few seconds.</summary>
    public Task RequestCancelAsync(string runId) => connection.Database.StringSetAsync(Keys.RunCancel(runId), "", CancelLifetime);

    public Task<bool> IsCancelRequestedAsync(string runId) => connection.Database.KeyExistsAsync(Keys.RunCancel(runId));
}
