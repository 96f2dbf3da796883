using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>Why a run stops before its last epoch.</summary>
internal enum StopCause
{
    None,
    CancelRequested,

    /// <summary>Another process may count the run as abandoned: it is no longer this one's to write about.</summary>
    LeaseLost,
}

/// <summary>A run that this process has in hand: queued, or training.</summary>
internal sealed class ActiveRun(Run run) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private int _taken;
    private volatile StopCause _cause;

    public Run Run => run;

    public CancellationToken Stopped => _stop.Token;

    public StopCause Cause => _cause;

    /// <returns>True for one caller only: the worker who trains it, or whoever ends it before it begins.</returns>
    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    public void Stop(StopCause cause)
    {
        _cause = cause;
        _stop.Cancel();
    }

    public void Dispose() => _stop.Dispose();
}
