using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <content>
/// Which runs may add a version. A run's lease and a head's versions may lie on two servers of a cluster, which no
/// transaction spans. So a run has a permit beside the head's versions: the transaction that publishes its version takes
/// it, and so does whoever ends the run, first. Either there is a version of the run, or there never will be.
/// </content>
public sealed partial class HeadStore
{
    /// <summary>Lets a run publish one version. Once for each run, and before any other process may end it.</summary>
    public Task PermitAsync(string head, string runId) => connection.Database.StringSetAsync(Keys.HeadPermit(head, runId), "");

    /// <summary>Before a run is ended: it publishes nothing from here on.</summary>
    /// <returns>What it has published already; null: nothing, now and ever.</returns>
    public async Task<Head?> TakePermitAsync(string head, string runId) =>
        await connection.Database.KeyDeleteAsync(Keys.HeadPermit(head, runId))
            ? null
            : (await ListVersionsAsync(head)).FirstOrDefault(version => version.RunId == runId);

    /// <returns>False when nothing was done, because something it depends on has changed.</returns>
    /// <exception cref="LeaseLostException">The run was ended by others.</exception>
    private async Task<bool> ExecuteAsPermittedAsync(ITransaction transaction, Head meta)
    {
        if (meta.RunId.Length == 0) return await transaction.ExecuteAsync();
        var permit = Keys.HeadPermit(meta.Head_, meta.RunId);
        transaction.AddCondition(Condition.KeyExists(permit));
        _ = transaction.KeyDeleteAsync(permit);
        if (await transaction.ExecuteAsync()) return true;
        return await connection.Database.KeyExistsAsync(permit) ? false : throw new LeaseLostException(meta.RunId);
    }
}
