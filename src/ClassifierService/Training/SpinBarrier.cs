namespace Topfive.ClassifierService;

/// <summary>
/// Where threads wait for each other a few times a step. Steps take some hundred microseconds, so a thread spins
/// first; it yields its processor when others need it.
/// </summary>
internal sealed class SpinBarrier(int participants)
{
    private const int SpinsBeforeYield = 2_000;

    private int _arrived;
    private volatile int _generation;
    private volatile bool _broken;

    public void SignalAndWait()
    {
        var generation = _generation;
        if (Interlocked.Increment(ref _arrived) == participants)
        {
            _arrived = 0;
            _generation = generation + 1;
            return;
        }

        for (var spins = 0; _generation == generation; spins++)
        {
            if (_broken) throw new InvalidOperationException("another thread of the crew failed");
            if (spins < SpinsBeforeYield) Thread.SpinWait(1);
            else Thread.Yield();
        }
    }

    /// <summary>Sets free whoever waits for a thread that will not come.</summary>
    public void Break() => _broken = true;
}
