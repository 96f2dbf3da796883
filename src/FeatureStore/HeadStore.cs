using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>Heads by name and version: what each is, its model file, and which version is live.</summary>
public sealed partial class HeadStore(StoreConnection connection)
{
    /// <summary>The embedded store's log takes no entry above 2 MB, and nobody should wait behind a long one.</summary>
    private const int PartBytes = 512 << 10;

    private const int PartsInFlight = 8;

    /// <summary>Adds a version; readers see it whole or not at all.</summary>
    /// <param name="meta">With the head's name. Version, creation time and live are set here, not taken from it.</param>
    /// <param name="onnx">The model file.</param>
    /// <returns>The version: from 1, in the order of the calls.</returns>
    public async Task<long> AddVersionAsync(Head meta, ReadOnlyMemory<byte> onnx)
    {
        var (database, head) = (connection.Database, meta.Head_);
        await database.SetAddAsync(Keys.Heads, head);
        var version = await database.StringIncrementAsync(Keys.HeadLastVersion(head));

        foreach (var window in Parts(onnx.Length).Chunk(PartsInFlight))
        {
            await Task.WhenAll(window.Select(part =>
                database.StringSetAsync(Keys.HeadModelPart(head, version, part.Index), onnx[part.Range])));
        }

        var stored = meta.Clone();
        stored.Version = version;
        stored.Created = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
        stored.Live = false;
        var transaction = database.CreateTransaction();
        _ = transaction.HashSetAsync(Keys.HeadModelSizes(head), version, onnx.Length);
        _ = transaction.HashSetAsync(Keys.HeadVersions(head), version, stored.ToByteArray());
        await transaction.ExecuteAsync();
        return version;
    }

    /// <returns>Null when there is no such version.</returns>
    public async Task<Head?> GetAsync(string head, long version)
    {
        var stored = connection.Database.HashGetAsync(Keys.HeadVersions(head), version);
        var liveVersion = GetLiveVersionAsync(head);
        return (await stored).IsNull ? null : Parse(await stored, await liveVersion);
    }

    /// <returns>The model file; null when there is no such version.</returns>
    /// <exception cref="InvalidDataException">A part of the file is gone from the store.</exception>
    public async Task<byte[]?> GetModelAsync(string head, long version)
    {
        var database = connection.Database;
        var size = await database.HashGetAsync(Keys.HeadModelSizes(head), version);
        if (size.IsNull)
        {
            return null;
        }

        var onnx = new byte[(int)size];
        foreach (var window in Parts(onnx.Length).Chunk(PartsInFlight))
        {
            await Task.WhenAll(window.Select(async part =>
            {
                using var bytes = await database.StringGetLeaseAsync(Keys.HeadModelPart(head, version, part.Index));
                var target = onnx.AsMemory(part.Range);
                if (bytes?.Length != target.Length)
                {
                    throw new InvalidDataException($"version {version} of head {head} is damaged: part {part.Index} of its model file is not in the store");
                }

                bytes.Memory.CopyTo(target);
            }));
        }

        return onnx;
    }

    /// <returns>The live version of every head, the newest where none is live; in ordinal order of the names.</returns>
    public async Task<IReadOnlyList<Head>> ListAsync()
    {
        var names = await connection.Database.SetMembersAsync(Keys.Heads);
        var versions = await Task.WhenAll(names.Select(name => ListVersionsAsync(name.ToString())));
        return [.. versions
            .Where(list => list.Count > 0)
            .Select(list => list.FirstOrDefault(head => head.Live) ?? list[0])
            .OrderBy(head => head.Head_, StringComparer.Ordinal)];
    }

    /// <returns>Newest first; none for an unknown head.</returns>
    public async Task<IReadOnlyList<Head>> ListVersionsAsync(string head)
    {
        var stored = connection.Database.HashGetAllAsync(Keys.HeadVersions(head));
        var liveVersion = await GetLiveVersionAsync(head);
        return [.. (await stored).Select(entry => Parse(entry.Value, liveVersion)).OrderByDescending(version => version.Version)];
    }

    private static Head Parse(RedisValue stored, long liveVersion)
    {
        var head = Head.Parser.ParseFrom((byte[])stored!);
        head.Live = head.Version == liveVersion;
        return head;
    }

    private static IEnumerable<(int Index, Range Range)> Parts(int length) =>
        Enumerable.Range(0, (length + PartBytes - 1) / PartBytes)
            .Select(i => (i, (i * PartBytes)..Math.Min((i + 1) * PartBytes, length)));
}
