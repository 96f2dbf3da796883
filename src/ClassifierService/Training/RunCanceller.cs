using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Ends runs on request, in whatever process they are.</summary>
internal sealed class RunCanceller(RunQueue queue, RunExecutor executor, RunStore runs, RunLeases leases, RunWatcher watcher)
{
    /// <summary>A run elsewhere hears of it within the keeper's two seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <returns>The run as it ended; as it is, when it has not ended within some seconds.</returns>
    public async Task<Run> CancelAsync(string runId, CancellationToken cancellation)
    {
        var run = await runs.GetAsync(runId) ?? throw RunWatcher.Unknown(runId);
        if (run.State is not (RunState.Queued or RunState.Running)) return run;
        if (queue.TryFind(runId, out var active)) await CancelAsync(active);
        else await leases.RequestCancelAsync(runId);
        await watcher.WaitForEndAsync(runId, Patience, cancellation);
        return await runs.GetAsync(runId) ?? throw RunWatcher.Unknown(runId);
    }

    /// <summary>Stops a run of this process; one that still waits ends here, one that trains within a step.</summary>
    public async Task CancelAsync(ActiveRun active)
    {
        active.Stop(StopCause.CancelRequested);
        if (!active.TryTake()) return;
        await executor.TryEndAsync(active, new OperationCanceledException(active.Stopped));
        queue.Remove(active);
    }
}
