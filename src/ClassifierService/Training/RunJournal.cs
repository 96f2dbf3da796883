using Google.Protobuf.WellKnownTypes;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Status = Google.Rpc.Status;

namespace Topfive.ClassifierService;

/// <summary>
/// Writes down what becomes of a run: first how it stands, then the event that wakes its watchers, so that a watcher who
/// hears of the end and asks for the run finds it ended.
/// </summary>
internal sealed class RunJournal(RunStore runs, RunLeases leases)
{
    public Task StartAsync(Run run)
    {
        run.State = RunState.Running;
        run.Started = Now();
        return runs.SaveAsync(run);
    }

    public async Task AddEpochAsync(Run run, Epoch epoch)
    {
        run.EpochsDone = epoch.Epoch_;
        await runs.SaveAsync(run);
        await runs.AppendEventAsync(run.RunId, new RunEvent { Epoch = epoch });
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
        await runs.SaveAsync(run);
        await runs.AppendEventAsync(run.RunId, last);
        await leases.ReleaseAsync(run.RunId);
    }

    private static Timestamp Now() => Timestamp.FromDateTimeOffset(DateTimeOffset.UtcNow);
}
