using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>What the shadows counted and nobody has written to the store yet.</summary>
internal sealed class ShadowTally(ShadowStore store)
{
    private readonly Lock _lock = new();
    private Dictionary<(string Head, DateTimeOffset Hour, AgreementKey Of), AgreementCounts> _counts = [];

    public void Add(string head, AgreementKey of, AgreementCounts counts)
    {
        var key = (head, ShadowStore.HourOf(DateTimeOffset.UtcNow), of);
        lock (_lock) _counts[key] = _counts.GetValueOrDefault(key) + counts;
    }

    /// <summary>Writes it down; what the store does not take is kept for the next time.</summary>
    public async Task FlushAsync()
    {
        Dictionary<(string Head, DateTimeOffset Hour, AgreementKey Of), AgreementCounts> counts;
        lock (_lock) (counts, _counts) = (_counts, []);
        foreach (var hour in counts.GroupBy(count => (count.Key.Head, count.Key.Hour)).ToList())
        {
            try
            {
                await store.AddAsync(hour.Key.Head, hour.Key.Hour, hour.Select(count => KeyValuePair.Create(count.Key.Of, count.Value)));
                foreach (var (key, _) in hour) counts.Remove(key);
            }
            catch
            {
                lock (_lock)
                {
                    foreach (var (key, count) in counts) _counts[key] = _counts.GetValueOrDefault(key) + count;
                }

                throw;
            }
        }
    }
}
