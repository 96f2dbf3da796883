using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>What became of a request to delete a version.</summary>
public enum VersionDeletion
{
    Deleted,
    NotFound,

    /// <summary>The version is live and stays.</summary>
    Live,
}

/// <content>Deleting versions and whole heads, in one transaction with what is live.</content>
public sealed partial class HeadStore
{
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

            var change = Changing(head, stored);
            if (history.Count > 0)
            {
                _ = change.StringSetAsync(Keys.HeadLive(head), string.Join(',', WithoutVersion(history, version)));
            }

            _ = change.HashDeleteAsync(Keys.HeadVersions(head), version);
            _ = change.HashDeleteAsync(Keys.HeadModelSizes(head), version);
            if (await change.ExecuteAsync())
            {
                await DeleteModelAsync(head, version, (int)size);
                return VersionDeletion.Deleted;
            }
        }
    }

    /// <summary>Deletes every version, the live one too, and tells every subscriber. The list of promotions stays.</summary>
    /// <param name="head">Its name.</param>
    /// <param name="why">For the list of promotions; time and versions are set here, not taken from it.</param>
    /// <returns>How many versions there were.</returns>
    public async Task<int> DeleteHeadAsync(string head, Promotion why)
    {
        var database = connection.Database;
        while (true)
        {
            var sizes = await database.HashGetAllAsync(Keys.HeadModelSizes(head));
            var stored = await database.StringGetAsync(Keys.HeadLive(head));
            if (sizes.Length == 0)
            {
                return 0;
            }

            var change = Changing(head, stored);
            change.AddCondition(Condition.HashLengthEqual(Keys.HeadModelSizes(head), sizes.Length));
            foreach (var size in sizes)
            {
                change.AddCondition(Condition.HashExists(Keys.HeadModelSizes(head), size.Name));
            }

            _ = change.KeyDeleteAsync(Keys.HeadVersions(head));
            _ = change.KeyDeleteAsync(Keys.HeadModelSizes(head));
            _ = change.KeyDeleteAsync(Keys.HeadLive(head));
            Record(change, head, ParseHistory(stored).LastOrDefault(), to: 0, why);
            if (await ExecuteAsync(change, head))
            {
                await Task.WhenAll(sizes.Select(size => DeleteModelAsync(head, (long)size.Name, (int)size.Value)));
                return sizes.Length;
            }
        }
    }

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
