using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Topfive.FeatureService;

/// <summary>What waits for the engine: interactive images before bulk ones, each kind in the order of arrival.</summary>
internal sealed class WaitingItems : IDisposable
{
    private readonly ConcurrentQueue<BatchItem> _interactive = new();
    private readonly ConcurrentQueue<BatchItem> _bulk = new();
    private readonly SemaphoreSlim _count = new(0);
    private volatile bool _complete;

    public void Add(BatchItem item)
    {
        (item.Urgency == Urgency.Interactive ? _interactive : _bulk).Enqueue(item);
        _count.Release();
    }

    public int CountOf(Urgency urgency) => (urgency == Urgency.Interactive ? _interactive : _bulk).Count;

    /// <summary>Waits for an item.</summary>
    /// <returns>False when there is none, and none will come.</returns>
    public bool Take([NotNullWhen(true)] out BatchItem? item)
    {
        _count.Wait();
        return Dequeue(out item);
    }

    /// <returns>False when none is waiting now.</returns>
    public bool TryTake([NotNullWhen(true)] out BatchItem? item)
    {
        item = null;
        return _count.Wait(0) && Dequeue(out item);
    }

    /// <summary>No more will come: whoever takes gets what is left, and then false.</summary>
    public void Complete()
    {
        _complete = true;
        _count.Release();
    }

    public void Dispose() => _count.Dispose();

    private bool Dequeue([NotNullWhen(true)] out BatchItem? item)
    {
        while (true)
        {
            if (_interactive.TryDequeue(out item) || _bulk.TryDequeue(out item))
            {
                return true;
            }

            if (_complete && _interactive.IsEmpty && _bulk.IsEmpty)
            {
                // Counted and not there: the mark of the end, which stays for the next who asks.
                _count.Release();
                return false;
            }

            // What was counted for this engine, another one took, and left its own, which came while this one was looking.
            Thread.SpinWait(1);
        }
    }
}
