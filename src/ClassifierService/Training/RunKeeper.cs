using Google.Rpc;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Status = Google.Rpc.Status;

namespace Topfive.ClassifierService;

/// <summary>
/// Every two seconds: renews the leases of this process' runs, passes on cancellations that reached another replica, and
/// ends runs whose process died, so that none stays running for ever.
/// </summary>
internal sealed class RunKeeper(
    RunQueue queue, RunLeases leases, RunJournal journal, RunCanceller canceller, ILogger<RunKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private static readonly Status Abandoned = new()
    {
        Code = (int)Code.Aborted,
        Message = "the process that had this run in hand died, or lost the store, before the run's end: start it again",
    };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
            {
                try
                {
                    await Task.WhenAll(queue.Active.Select(KeepAsync));
                    foreach (var runId in await leases.FindAbandonedAsync())
                    {
                        // What this process has in hand it has renewed just now, or given up as lost.
                        if (!queue.TryFind(runId, out var own) || own.Cause == StopCause.LeaseLost) await journal.EndAbandonedAsync(runId, Abandoned);
                    }
                }
                catch (Exception exception) when (StoreFailure.Is(exception))
                {
                    if (!StoreFailure.IsAway(exception)) log.LogWarning("cannot look after the runs: {Reason}", exception.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task KeepAsync(ActiveRun active)
    {
        var runId = active.Run.RunId;
        if (active.Cause == StopCause.LeaseLost) return;
        if (!await leases.RenewAsync(runId))
        {
            // A run that has just ended gave its lease back.
            if (active.Run.State is not (RunState.Queued or RunState.Running)) return;
            log.LogError("the lease of run {RunId} lapsed: it stops here, and is marked failed", runId);
            active.Stop(StopCause.LeaseLost);
        }
        else if (await leases.IsCancelRequestedAsync(runId))
        {
            await canceller.CancelAsync(active);
        }
    }
}
