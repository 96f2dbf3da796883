using Google.Protobuf.WellKnownTypes;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Status = Google.Rpc.Status;

namespace Topfive.ClassifierService;

/// <summary>
/// Writes down what becomes of a run: how it stands together with the event that wakes its watchers, so that a watcher who
/// hears of the end and asks for the run finds it ended. Everything here throws <see cref="LeaseLostException"/> when the
/// run is no longer this process' own.
/// </summary>
internal sealed class RunJournal(RunStore runs, RunLeases leases, HeadStore heads, ClassifierMetrics metrics)
{
    public Task StartAsync(Run run)
    {
        run.State = RunState.Running;
        run.Started = Now();
        return WriteAsync(run);
    }

    public Task AddEpochAsync(Run run, Epoch epoch)
    {
        metrics.EpochEnded(epoch);
        run.EpochsDone = epoch.Epoch_;
        return WriteAsync(run, new RunEvent { Epoch = epoch });
    }

    public Task SucceedAsync(Run run, Finished finished) => EndAsync(run, Succeeded(run, finished));

    /// <summary>A run whose version is there has succeeded all the same: the reply was lost, or the store took no more after it.</summary>
    /// <param name="run">The run.</param>
    /// <param name="state">FAILED or CANCELLED.</param>
    /// <param name="error">Why, for whoever watches.</param>
    public async Task StopAsync(Run run, RunState state, Status error) => await EndAsync(run, await StoppedAsync(run, state, error));

    /// <summary>For a run that was in another process' hand; any number of replicas may find it at once.</summary>
    public async Task EndAbandonedAsync(string runId, Status error)
    {
        var run = await runs.GetAsync(runId);
        if (run?.State is RunState.Queued or RunState.Running)
        {
            await StoppedAsync(run, RunState.Failed, error);
            run.Ended = Now();
            await runs.SaveAsync(run);
        }

        if (await leases.TryClearAbandonedAsync(runId) && run is not null)
        {
            await runs.AppendEventAsync(runId, RunWatcher.LastEvent(run));
        }
    }

    private async Task<RunEvent> StoppedAsync(Run run, RunState state, Status error)
    {
        if (await heads.TakePermitAsync(run.Head, run.RunId) is { } published) return Succeeded(run, HeadPublisher.FinishedBy(published));
        run.State = state;
        run.Error = error;
        return new RunEvent { Failed = error };
    }

    private static RunEvent Succeeded(Run run, Finished finished)
    {
        run.State = RunState.Succeeded;
        run.Error = null;
        run.Version = finished.Version;
        run.PromotionDecision = finished.PromotionDecision;
        return new RunEvent { Finished = finished };
    }

    private async Task EndAsync(Run run, RunEvent last)
    {
        run.Ended = Now();
        await WriteAsync(run, last);
        metrics.RunEnded(run);
        await leases.ReleaseAsync(run.RunId);
    }

    private async Task WriteAsync(Run run, RunEvent? happened = null)
    {
        if (await runs.TryUpdateAsync(run, happened)) return;
        // Unless it is the store's clock that was set, and not the lease that has lapsed.
        if (!await leases.RenewAsync(run.RunId) || !await runs.TryUpdateAsync(run, happened)) throw new LeaseLostException(run.RunId);
    }

    private static Timestamp Now() => Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
}
