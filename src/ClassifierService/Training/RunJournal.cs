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
internal sealed class RunJournal(RunStore runs, RunLeases leases)
{
    public Task StartAsync(Run run)
    {
        run.State = RunState.Running;
        run.Started = Now();
        return WriteAsync(run);
    }

    public Task AddEpochAsync(Run run, Epoch epoch)
    {
        run.EpochsDone = epoch.Epoch_;
        return WriteAsync(run, new RunEvent { Epoch = epoch });
    }

    /// <summary>Before something is made of the run that others see.</summary>
    public async Task CheckInHandAsync(Run run)
    {
        if (!await leases.RenewAsync(run.RunId)) throw new LeaseLostException(run.RunId);
    }

    public Task SucceedAsync(Run run, Finished finished)
    {
        run.State = RunState.Succeeded;
        run.Version = finished.Version;
        run.PromotionDecision = finished.PromotionDecision;
        return EndAsync(run, new RunEvent { Finished = finished });
    }

    /// <param name="run">The run.</param>
    /// <param name="state">FAILED or CANCELLED.</param>
    /// <param name="error">Why, for whoever watches.</param>
    public Task StopAsync(Run run, RunState state, Status error)
    {
        run.State = state;
        run.Error = error;
        return EndAsync(run, new RunEvent { Failed = error });
    }

    /// <summary>For a run that was in another process' hand; any number of replicas may find it at once.</summary>
    public async Task FailAbandonedAsync(string runId, Status error)
    {
        var run = await runs.GetAsync(runId);
        if (run?.State is RunState.Queued or RunState.Running)
        {
            run.State = RunState.Failed;
            run.Error = error;
            run.Ended = Now();
            await runs.SaveAsync(run);
        }

        if (await leases.TryClearAbandonedAsync(runId) && run?.State == RunState.Failed)
        {
            await runs.AppendEventAsync(runId, new RunEvent { Failed = run.Error });
        }
    }

    private async Task EndAsync(Run run, RunEvent last)
    {
        run.Ended = Now();
        await WriteAsync(run, last);
        await leases.ReleaseAsync(run.RunId);
    }

    private async Task WriteAsync(Run run, RunEvent? happened = null)
    {
        if (!await runs.TryUpdateAsync(run, happened)) throw new LeaseLostException(run.RunId);
    }

    private static Timestamp Now() => Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
}
