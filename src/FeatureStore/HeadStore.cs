using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>A version whose model file is in the store, and which nobody sees yet.</summary>
/// <param name="Head">Its name.</param>
/// <param name="Version">From 1, in the order of the calls; never given twice.</param>
/// <param name="Bytes">Of the model file.</param>
public sealed record StagedVersion(string Head, long Version, int Bytes);

/// <summary>Heads by name and version: what each is, its model file, and which version is live.</summary>
public sealed partial class HeadStore(StoreConnection connection)
{
    /// <summary>The embedded store's log takes no entry above 2 MB, and nobody should wait behind a long one.</summary>
    private const int PartBytes = 512 << 10;

    private const int PartsInFlight = 8;

    /// <summary>Writes a model file under the head's next version number; nobody sees it before it is published.</summary>
    /// <exception cref="StoreFullException">The embedded store's disk has no room for it.</exception>
    public async Task<StagedVersion> StageAsync(string head, ReadOnlyMemory<byte> onnx)
    {
        connection.Room?.Check($"a version of head '{head}'", onnx.Length);
        var database = connection.Database;
        await database.SetAddAsync(Keys.Heads, head);
        var staged = new StagedVersion(head, await database.StringIncrementAsync(Keys.HeadLastVersion(head)), onnx.Length);
        try
        {
            foreach (var window in Parts(onnx.Length).Chunk(PartsInFlight))
            {
                await Task.WhenAll(window.Select(part =>
                    database.StringSetAsync(Keys.HeadModelPart(head, staged.Version, part.Index), onnx[part.Range])));
            }

            return staged;
        }
        catch
        {
            await DiscardAsync(staged);
            throw;
        }
    }

    /// <summary>Makes a staged version visible, not live; readers see it whole or not at all.</summary>
    /// <param name="staged">From <see cref="StageAsync"/>.</param>
    /// <param name="meta">Version, creation time and live are set here, not taken from it. One that names a run takes that run's permit.</param>
    /// <exception cref="LeaseLostException">The run that it names was ended by others, or has published before; nothing is done.</exception>
    public async Task PublishAsync(StagedVersion staged, Head meta)
    {
        ITransaction transaction;
        do
        {
            transaction = connection.Database.CreateTransaction();
            AddVersion(transaction, staged, meta);
        }
        while (!await ExecuteAsPermittedAsync(transaction, meta));
    }

    /// <summary>Takes back a staged version that was not published: the store is as before, but for the version number.</summary>
    public async Task DiscardAsync(StagedVersion staged)
    {
        try
        {
            // Whoever published it and lost the reply must not destroy it.
            if (await connection.Database.HashExistsAsync(Keys.HeadVersions(staged.Head), staged.Version)) return;
            await DeleteModelAsync(staged.Head, staged.Version, staged.Bytes);
        }
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            // The store is away: what is left there is under a number that nobody will be given again.
        }
    }

    /// <summary>Stages and publishes a version that no decision hangs on.</summary>
    /// <returns>The version: from 1, in the order of the calls.</returns>
    public async Task<long> AddVersionAsync(Head meta, ReadOnlyMemory<byte> onnx)
    {
        var staged = await StageAsync(meta.Head_, onnx);
        try
        {
            await PublishAsync(staged, meta);
            return staged.Version;
        }
        catch
        {
            await DiscardAsync(staged);
            throw;
        }
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
        var gone = false;
        foreach (var window in Parts(onnx.Length).Chunk(PartsInFlight))
        {
            await Task.WhenAll(window.Select(async part =>
            {
                using var bytes = await database.StringGetLeaseAsync(Keys.HeadModelPart(head, version, part.Index));
                var target = onnx.AsMemory(part.Range);
                if (bytes?.Length != target.Length)
                {
                    gone |= !await database.HashExistsAsync(Keys.HeadModelSizes(head), version);
                    if (gone) return;
                    throw new InvalidDataException($"version {version} of head {head} is damaged: part {part.Index} of its model file is not in the store");
                }

                bytes.Memory.CopyTo(target);
            }));
        }

        // Deleted while it was read.
        return gone ? null : onnx;
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

    private static void AddVersion(ITransaction transaction, StagedVersion staged, Head meta)
    {
        var stored = meta.Clone();
        stored.Version = staged.Version;
        stored.Created = Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
        stored.Live = false;
        _ = transaction.HashSetAsync(Keys.HeadModelSizes(staged.Head), staged.Version, staged.Bytes);
        _ = transaction.HashSetAsync(Keys.HeadVersions(staged.Head), staged.Version, stored.ToByteArray());
    }

    private Task<bool[]> DeleteModelAsync(string head, long version, int bytes) =>
        Task.WhenAll(Parts(bytes).Select(part => connection.Database.KeyDeleteAsync(Keys.HeadModelPart(head, version, part.Index))));

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
