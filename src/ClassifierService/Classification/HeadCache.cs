using System.Collections.Concurrent;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// The heads in this process' memory. A live head that was asked for once stays, also when the store goes away; a
/// promotion exchanges it whole, so that every call sees either the version before or the one after. Versions asked for
/// by number are kept for <see cref="PinnedLifetime"/>, within a limit of bytes.
/// </summary>
internal sealed class HeadCache(HeadStore store, IOptions<ServingOptions> options) : IDisposable
{
    /// <summary>So long may a deleted version still answer.</summary>
    private static readonly TimeSpan PinnedLifetime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, ServingHead> _live = new(StringComparer.Ordinal);
    private readonly MemoryCache _pinned = new(new MemoryCacheOptions { SizeLimit = options.Value.PinnedVersionBytes, Clock = new SteadyClock() });
    private readonly ConcurrentDictionary<(string Head, long Version), Lazy<Task<ServingHead?>>> _loading = new();
    private readonly SemaphoreSlim _rechecking = new(1);

    /// <summary>The live ones in memory: those that were asked for here.</summary>
    public ICollection<ServingHead> Live => _live.Values;

    /// <param name="head">Its name.</param>
    /// <param name="version">0: the live one.</param>
    /// <exception cref="Failure">NOT_FOUND.</exception>
    public ValueTask<ServingHead> GetAsync(string head, long version)
    {
        if (_live.TryGetValue(head, out var live) && (version == 0 || version == live.Version)) return ValueTask.FromResult(live);
        if (version == 0) return new ValueTask<ServingHead>(LoadLiveAsync(head));
        return _pinned.TryGetValue((head, version), out ServingHead? pinned)
            ? ValueTask.FromResult(pinned!)
            : new ValueTask<ServingHead>(LoadPinnedAsync(head, version));
    }

    /// <summary>Looks which versions are live now, and exchanges those that changed.</summary>
    public async Task RecheckAsync(CancellationToken cancellation = default)
    {
        // One at a time: of two exchanges the later look must win.
        await _rechecking.WaitAsync(cancellation);
        try
        {
            await Task.WhenAll(_live.Values.Select(RecheckAsync));
        }
        finally
        {
            _rechecking.Release();
        }
    }

    public void Dispose()
    {
        _pinned.Dispose();
        _rechecking.Dispose();
    }

    private async Task RecheckAsync(ServingHead known)
    {
        var version = await store.GetLiveVersionAsync(known.Name);
        if (version == known.Version) return;
        if (version == 0) _live.TryRemove(known.Name, out _);
        else if (await LoadAsync(known.Name, version) is { } live) _live[known.Name] = live;
    }

    private async Task<ServingHead> LoadLiveAsync(string head)
    {
        for (var version = 0L; ;)
        {
            var seen = version;
            version = await store.GetLiveVersionAsync(head);
            if (version != 0 && await LoadAsync(head, version) is { } live) return _live.GetOrAdd(head, live);
            // A version that is gone may have been replaced and deleted between the two looks.
            if (version == 0 || version == seen) break;
        }

        throw Failure.NotFound((await store.ListVersionsAsync(head)).Count == 0
            ? $"there is no head '{head}'"
            : $"head '{head}' has no live version: promote one, or name a version");
    }

    private async Task<ServingHead> LoadPinnedAsync(string head, long version)
    {
        var pinned = await LoadAsync(head, version) ?? throw Failure.NotFound($"head '{head}' has no version {version}");
        return _pinned.Set((head, version), pinned, new MemoryCacheEntryOptions
        {
            Size = pinned.Bytes,
            AbsoluteExpirationRelativeToNow = PinnedLifetime,
        });
    }

    /// <summary>Calls for one version that come while it is read share the reading.</summary>
    private async Task<ServingHead?> LoadAsync(string head, long version)
    {
        var loading = _loading.GetOrAdd((head, version), key => new Lazy<Task<ServingHead?>>(() => ReadAsync(key.Head, key.Version)));
        try
        {
            return await loading.Value;
        }
        finally
        {
            _loading.TryRemove(KeyValuePair.Create((head, version), loading));
        }
    }

    private async Task<ServingHead?> ReadAsync(string head, long version) =>
        await store.GetAsync(head, version) is { } description && await store.GetModelAsync(head, version) is { } onnx
            ? new ServingHead(head, version, HeadModel.Read(onnx)) { Description = description }
            : null;
}
