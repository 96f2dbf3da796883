namespace Topfive.ClassifierService;

/// <summary>
/// Where threads wait for each other a few times a step. Steps take some hundred microseconds, so a thread spins first;
/// on a machine that is busy with other work it then sleeps, because a thread that burns its share of the processor
/// waiting has to stand back when it could work.
/// </summary>
internal sealed class SpinBarrier(int participants)
{
    private const int SpinsBeforeSleep = 2_000;

    private readonly object _gate = new();
    private int _arrived;
    private int _generation;
    private int _sleepers;
    private volatile bool _broken;

    public void SignalAndWait()
    {
        var generation = Volatile.Read(ref _generation);
        if (Interlocked.Increment(ref _arrived) == participants)
        {
            _arrived = 0;
            Release();
            return;
        }

        for (var spins = 0; spins < SpinsBeforeSleep; spins++)
        {
            if (Volatile.Read(ref _generation) != generation) return;
            if (_broken) break;
            Thread.SpinWait(1);
        }

        Sleep(generation);
        if (_broken) throw new InvalidOperationException("another thread of the crew failed");
    }

    /// <summary>Sets free whoever waits for a thread that will not come.</summary>
    public void Break()
    {
        _broken = true;
        Wake();
    }

    private void Release()
    {
        // A full fence stands between this and the look for sleepers, and in Sleep between the two the other way round: one
        // of them sees the other.
        Interlocked.Increment(ref _generation);
        if (Volatile.Read(ref _sleepers) > 0) Wake();
    }

    private void Sleep(int generation)
    {
        Interlocked.Increment(ref _sleepers);
        lock (_gate)
        {
            while (Volatile.Read(ref _generation) == generation && !_broken) Monitor.Wait(_gate);
        }

        Interlocked.Decrement(ref _sleepers);
    }

    private void Wake()
    {
        lock (_gate) Monitor.PulseAll(_gate);
    }
}
