namespace Topfive.FeatureService;

/// <summary>The bytes that all images being decoded at the same time may take together; who finds too few waits for others to end, first come first served.</summary>
/// <param name="limit">In bytes.</param>
internal sealed class DecodingMemory(long limit)
{
    private readonly Lock _lock = new();
    private readonly Queue<(long Bytes, TaskCompletionSource Granted)> _waiting = new();
    private long _taken;

    public long Limit => limit;

    /// <summary>The most that was taken at any time.</summary>
    internal long Peak { get; private set; }

    /// <param name="bytes">At most <see cref="Limit"/>.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Give them back by <see cref="Return"/>.</returns>
    public ValueTask TakeAsync(long bytes, CancellationToken cancellation)
    {
        TaskCompletionSource granted;
        lock (_lock)
        {
            if (_waiting.Count == 0 && TryTake(bytes))
            {
                return ValueTask.CompletedTask;
            }

            granted = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Enqueue((bytes, granted));
        }

        return new ValueTask(WaitAsync(granted, cancellation));
    }

    public void Return(long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            GrantInTurn();
        }
    }

    private async Task WaitAsync(TaskCompletionSource granted, CancellationToken cancellation)
    {
        await using var registration = cancellation.Register(() =>
        {
            lock (_lock)
            {
                // Those behind it may have room now.
                if (granted.TrySetCanceled(cancellation)) GrantInTurn();
            }
        });
        await granted.Task;
    }

    private void GrantInTurn()
    {
        while (_waiting.TryPeek(out var next))
        {
            if (next.Granted.Task.IsCanceled)
            {
                _waiting.Dequeue();
                continue;
            }

            if (!TryTake(next.Bytes))
            {
                return;
            }

            _waiting.Dequeue();
            next.Granted.SetResult();
        }
    }

    private bool TryTake(long bytes)
    {
        if (_taken + bytes > limit)
        {
            return false;
        }

        _taken += bytes;
        Peak = Math.Max(Peak, _taken);
        return true;
    }
}
