using Google.Protobuf;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>Whose agreement with which live version is counted.</summary>
/// <param name="LiveVersion">The version that answered the callers.</param>
/// <param name="Head">The shadow's head.</param>
/// <param name="Version">Its version, 0 for whichever was live.</param>
public readonly record struct AgreementKey(long LiveVersion, string Head, long Version);

/// <summary>What was counted in one hour.</summary>
/// <param name="Calls">Calls that the shadow scored.</param>
/// <param name="Agreements">Of them, those with the same most probable label.</param>
/// <param name="DifferenceMillionths">Sum over them of the difference of probability: an integer, so that replicas add up exactly.</param>
/// <param name="Dropped">Calls that found the queue full.</param>
/// <param name="Failed">Calls that the shadow could not score.</param>
public readonly record struct AgreementCounts(long Calls, long Agreements, long DifferenceMillionths, long Dropped, long Failed)
{
    public static AgreementCounts operator +(AgreementCounts one, AgreementCounts other) => new(
        one.Calls + other.Calls, one.Agreements + other.Agreements, one.DifferenceMillionths + other.DifferenceMillionths,
        one.Dropped + other.Dropped, one.Failed + other.Failed);
}

/// <summary>Which versions answer along with which heads, and how they agree, by hour, over all replicas.</summary>
public sealed class ShadowStore(StoreConnection connection)
{
    /// <summary>So many hours are told, the current one included.</summary>
    public const int Hours = 7 * 24;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(Hours + 1);

    /// <summary>Replaces the shadows of a head; none: it has none from then on.</summary>
    public async Task SetAsync(string head, IEnumerable<HeadVersion> shadows)
    {
        var value = new SetShadowsRequest { Head = head, Shadows = { shadows } };
        if (value.Shadows.Count == 0)
        {
            await connection.Database.KeyDeleteAsync(Keys.HeadShadows(head));
            await connection.Database.SetRemoveAsync(Keys.ShadowedHeads, head);
            return;
        }

        await connection.Database.StringSetAsync(Keys.HeadShadows(head), value.ToByteArray());
        await connection.Database.SetAddAsync(Keys.ShadowedHeads, head);
    }

    /// <returns>None for a head that has none.</returns>
    public async Task<IReadOnlyList<HeadVersion>> GetAsync(string head)
    {
        var stored = await connection.Database.StringGetAsync(Keys.HeadShadows(head));
        return stored.IsNull ? [] : SetShadowsRequest.Parser.ParseFrom((byte[])stored!).Shadows;
    }

    /// <returns>Every head that has shadows, with them.</returns>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<HeadVersion>>> ListAsync()
    {
        var names = (await connection.Database.SetMembersAsync(Keys.ShadowedHeads)).Select(name => name.ToString()).ToArray();
        var shadows = await Task.WhenAll(names.Select(GetAsync));
        return names.Zip(shadows).Where(head => head.Second.Count > 0).ToDictionary(head => head.First, head => head.Second, StringComparer.Ordinal);
    }

    /// <summary>Adds to what all replicas counted in an hour, all of it or nothing.</summary>
    public async Task AddAsync(string head, DateTimeOffset hour, IEnumerable<KeyValuePair<AgreementKey, AgreementCounts>> counts)
    {
        var key = Keys.HeadAgreement(head, hour);
        var transaction = connection.Database.CreateTransaction();
        foreach (var (of, count) in counts)
        {
            Add("calls", count.Calls);
            Add("agreements", count.Agreements);
            Add("difference", count.DifferenceMillionths);
            Add("dropped", count.Dropped);
            Add("failed", count.Failed);

            void Add(string counter, long value)
            {
                if (value != 0) _ = transaction.HashIncrementAsync(key, Field(of, counter), value);
            }
        }

        _ = transaction.KeyExpireAsync(key, Lifetime);
        await transaction.ExecuteAsync();
    }

    /// <param name="head">The head whose shadows counted.</param>
    /// <param name="now">Its hour is the last one.</param>
    /// <returns>Newest hour first; hours in which nothing was counted are left out.</returns>
    public async Task<IReadOnlyList<(DateTimeOffset Hour, AgreementKey Of, AgreementCounts Counts)>> ReadAsync(string head, DateTimeOffset now)
    {
        var hours = Enumerable.Range(0, Hours).Select(back => HourOf(now).AddHours(-back)).ToArray();
        var stored = await Task.WhenAll(hours.Select(hour => connection.Database.HashGetAllAsync(Keys.HeadAgreement(head, hour))));
        return [.. hours.Zip(stored).SelectMany(hour => hour.Second
            .Select(entry => (Field: Parse(entry.Name.ToString()), Value: (long)entry.Value))
            .GroupBy(entry => entry.Field.Of)
            .OrderBy(counted => counted.Key.LiveVersion)
            .Select(counted =>
            {
                var values = counted.ToDictionary(entry => entry.Field.Counter, entry => entry.Value);
                return (hour.First, counted.Key, new AgreementCounts(
                    values.GetValueOrDefault("calls"), values.GetValueOrDefault("agreements"), values.GetValueOrDefault("difference"),
                    values.GetValueOrDefault("dropped"), values.GetValueOrDefault("failed")));
            }))];
    }

    public static DateTimeOffset HourOf(DateTimeOffset time) => new(time.UtcDateTime.Date.AddHours(time.UtcDateTime.Hour), TimeSpan.Zero);

    private static string Field(AgreementKey of, string counter) => $"{of.LiveVersion}:{of.Version}:{counter}:{of.Head}";

    private static (AgreementKey Of, string Counter) Parse(string field)
    {
        // The name is last: it may hold anything.
        var parts = field.Split(':', 4);
        return (new AgreementKey(long.Parse(parts[0]), parts[3], long.Parse(parts[1])), parts[2]);
    }
}
