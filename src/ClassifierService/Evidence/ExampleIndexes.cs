using System.Diagnostics;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Whose vectors of which dataset.</summary>
/// <param name="Dataset">Its name.</param>
/// <param name="BackboneFingerprint">The backbone.</param>
/// <param name="Dimensions">Length of its vectors.</param>
internal readonly record struct ExamplesKey(string Dataset, string BackboneFingerprint, int Dimensions);

/// <summary>
/// The datasets whose vectors are in memory, each loaded when it is first asked for, once for all who wait, and within a
/// limit of bytes. A dataset is searched as it was when it was loaded. For a head that was trained on just that it stays;
/// for others it is looked at again after a while, and loaded again when it has changed. A load that fails is forgotten.
/// </summary>
internal sealed class ExampleIndexes(ExampleLoader loader, IOptions<EvidenceOptions> options) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ExamplesKey, Slot> _slots = [];
    private readonly CancellationTokenSource _stopped = new();

    // One load at a time, so that the limit holds while they are made.
    private readonly SemaphoreSlim _loading = new(1);

    /// <param name="key">Which.</param>
    /// <param name="digest">Of the dataset that the head was trained on.</param>
    /// <param name="cancellation">Ends the wait, not the load.</param>
    /// <exception cref="Failure">FAILED_PRECONDITION: the dataset is gone, or too large.</exception>
    public Task<ExampleIndex> GetAsync(ExamplesKey key, string digest, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (!_slots.TryGetValue(key, out var slot)) _slots[key] = slot = StartLoading(key, previous: null);
            else if (IsStale(slot, digest)) _slots[key] = slot = StartLoading(key, slot.Index.Result);
            slot.LastUse = Stopwatch.GetTimestamp();
            return slot.Index.WaitAsync(cancellation);
        }
    }

    public void Dispose()
    {
        _stopped.Cancel();
        _stopped.Dispose();
        _loading.Dispose();
    }

    private bool IsStale(Slot slot, string digest) =>
        slot.Index.IsCompletedSuccessfully
        && slot.Index.Result.Digest != digest
        && Stopwatch.GetElapsedTime(slot.Started).TotalSeconds > options.Value.RecheckSeconds;

    private Slot StartLoading(ExamplesKey key, ExampleIndex? previous)
    {
        var stopped = _stopped.Token;
        return new Slot(Task.Run(() => LoadAsync(key, previous, stopped), stopped));
    }

    private async Task<ExampleIndex> LoadAsync(ExamplesKey key, ExampleIndex? previous, CancellationToken cancellation)
    {
        await _loading.WaitAsync(cancellation);
        try
        {
            var bytes = ExampleIndex.BytesOf(await loader.CountAsync(key), key.Dimensions);
            if (bytes > options.Value.MemoryLimit || bytes / (sizeof(float) + 1) > Array.MaxLength)
            {
                throw Failure.Precondition(
                    $"the examples of dataset '{key.Dataset}' take {bytes:N0} bytes to search; at most {options.Value.MemoryLimit:N0} are allowed (Evidence__MemoryLimit): leave nearest_examples 0");
            }

            var dataset = await loader.ReadAsync(key, cancellation);
            if (previous?.Digest == dataset.Digest) return previous;
            MakeRoom(key, bytes);
            return await loader.LoadAsync(key, dataset, cancellation);
        }
        catch
        {
            lock (_gate) _slots.Remove(key);
            throw;
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>Forgets what was used least recently. Searches that are under way in it end as if nothing had happened.</summary>
    private void MakeRoom(ExamplesKey key, long bytes)
    {
        lock (_gate)
        {
            var loaded = _slots.Where(slot => slot.Key != key && slot.Value.Index.IsCompletedSuccessfully).OrderBy(slot => slot.Value.LastUse).ToList();
            var taken = loaded.Sum(slot => slot.Value.Index.Result.Bytes);
            foreach (var (other, slot) in loaded.TakeWhile(_ => taken + bytes > options.Value.MemoryLimit))
            {
                _slots.Remove(other);
                taken -= slot.Index.Result.Bytes;
            }
        }
    }

    private sealed class Slot(Task<ExampleIndex> index)
    {
        public Task<ExampleIndex> Index => index;

        public long Started { get; } = Stopwatch.GetTimestamp();

        public long LastUse { get; set; }
    }
}
