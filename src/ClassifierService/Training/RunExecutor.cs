using Google.Rpc;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Status = Google.Rpc.Status;

namespace Topfive.ClassifierService;

/// <summary>Trains a run from its first vector to its version, and writes down how it ended.</summary>
internal sealed class RunExecutor(
    TrainingDataLoader loader, OutlierLoader outlierLoader, BackboneRegistry backbones, WarmStarts warmStarts, HeadPublisher publisher, RunJournal journal,
    IOptions<TrainingOptions> options, ILogger<RunExecutor> log)
{
    private static readonly TimeSpan EndInterval = TimeSpan.FromSeconds(1);

    public async Task ExecuteAsync(ActiveRun active, CancellationToken stopping)
    {
        var run = active.Run;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(active.Stopped, stopping);
        try
        {
            await journal.SucceedAsync(run, await TrainAsync(run, stop.Token));
            log.LogInformation("run {RunId} made version {Version} of head {Head}", run.RunId, run.Version, run.Head);
        }
        catch (LeaseLostException lost)
        {
            Lose(active, lost);
        }
        catch (Exception exception)
        {
            // The reason is known here only, and ours to tell as long as the keeper renews the lease.
            while (!await TryEndAsync(active, exception)) await Task.Delay(EndInterval, stopping);
        }
    }

    /// <summary>Ends a run that was stopped or failed; one that is no longer this process' own is left alone.</summary>
    /// <returns>False when the store is away or takes nothing now.</returns>
    public async Task<bool> TryEndAsync(ActiveRun active, Exception exception)
    {
        if (active.Cause == StopCause.LeaseLost) return true;
        var run = active.Run;
        try
        {
            var cancelled = exception is OperationCanceledException && active.Cause == StopCause.CancelRequested;
            if (cancelled) await journal.StopAsync(run, RunState.Cancelled, new Status { Code = (int)Code.Cancelled, Message = "the run was cancelled" });
            else await journal.StopAsync(run, RunState.Failed, Reason(run, exception));
        }
        catch (LeaseLostException lost)
        {
            Lose(active, lost);
        }
        catch (Exception unwritten) when (StoreFailure.Is(unwritten))
        {
            log.LogWarning("the end of run {RunId} cannot be written down: {Reason}", run.RunId, unwritten.Message);
            return false;
        }
        catch (Exception unforeseen)
        {
            log.LogError(unforeseen, "the end of run {RunId} could not be written down; its lease lapses, and it will be marked failed", run.RunId);
        }

        return true;
    }

    private void Lose(ActiveRun active, LeaseLostException lost)
    {
        active.Stop(StopCause.LeaseLost);
        log.LogError("{Reason}", lost.Message);
    }

    private async Task<Finished> TrainAsync(Run run, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await journal.StartAsync(run);
        var backbone = await backbones.CurrentAsync() ?? throw RunStarter.NoBackbone();
        var previous = await warmStarts.LoadAsync(run.Head, run.Recipe, backbone);
        using var data = await loader.LoadAsync(run, backbone, cancellation);
        var outliers = await outlierLoader.LoadAsync(run.OutliersDataset, data, backbone, cancellation);
        var manifest = data.Manifest!;
        manifest.VectorsDigest = await OnOwnThread(data.VectorsDigest);
        manifest.WarmStartDigest = ManifestRules.DigestOf(previous);
        ManifestRules.RequireSame(run.Manifest, manifest);
        using var trainer = new Trainer(data, run.Recipe, options.Value.ThreadCount, previous);
        using var epochs = trainer.Run(cancellation).GetEnumerator();
        while (await OnOwnThread(epochs.MoveNext))
        {
            await journal.AddEpochAsync(run, epochs.Current);
        }

        var evaluation = await OnOwnThread(trainer.Evaluate);
        var changes = previous is null ? new Finished() : await OnOwnThread(() => LabelChanges.Of(previous, data, evaluation, options.Value.ThreadCount));
        var unknown = await OnOwnThread(() => DetectorFit.Fit(data, run.Recipe.UnknownFalseRejectRate, options.Value.ThreadCount, cancellation));
        cancellation.ThrowIfCancellationRequested();
        var head = trainer.ToHead(backbone.Fingerprint, evaluation?.Temperature ?? 1, unknown);
        var measured = await OnOwnThread(() => OutlierMeasurements.Of(head, outliers, data, options.Value.ThreadCount, cancellation));
        var finished = await publisher.PublishAsync(run, head, evaluation, measured, data, cancellation);
        finished.Epoch = trainer.ResultEpoch;
        finished.MergeFrom(changes);
        return finished;
    }

    /// <summary>Epochs keep a thread busy for seconds: not one of those that answer calls.</summary>
    private static Task<T> OnOwnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private Status Reason(Run run, Exception exception)
    {
        if (exception is OperationCanceledException)
        {
            return new Status { Code = (int)Code.Unavailable, Message = "the service was stopped before the run's end: start it again" };
        }

        if (FailureTable.IsUnforeseen(exception)) log.LogError(exception, "run {RunId} failed", run.RunId);
        return FailureTable.ToStatus(exception, run.RunId);
    }
}
