using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Tells a run's events from the first to the last, whichever process it is in, and whenever asked.</summary>
internal sealed class RunWatcher(RunStore runs)
{
    /// <summary>A message may be lost; so often we look without one.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(2);

    /// <summary>The end of a run that has ended, from the run alone.</summary>
    public static RunEvent LastEvent(Run run) => run.State == RunState.Succeeded
        ? new RunEvent
        {
            Finished = new Finished
            {
                Head = run.Head,
                Version = run.Version,
                Promoted = run.PromotionDecision?.Promoted ?? false,
                PromotionDecision = run.PromotionDecision,
            },
        }
        : new RunEvent { Failed = run.Error };

    public static Failure Unknown(string runId) => Failure.NotFound($"there is no run '{runId}'");

    public async IAsyncEnumerable<RunEvent> WatchAsync(string runId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await runs.GetAsync(runId) is null) throw Unknown(runId);
        var happened = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using var subscription = await runs.SubscribeEventsAsync(runId, () => happened.Writer.TryWrite(true));
        for (var told = 0; ;)
        {
            // The run before its events: one that had ended by then has all of them.
            var run = await runs.GetAsync(runId) ?? throw Unknown(runId);
            foreach (var next in await runs.ReadEventsAsync(runId, told))
            {
                told++;
                yield return next;
                if (next.EventCase != RunEvent.EventOneofCase.Epoch) yield break;
            }

            if (!await HappensAsync(happened.Reader, cancellation) && run.State is not (RunState.Queued or RunState.Running))
            {
                // Its process died between writing the end down and telling of it.
                yield return LastEvent(run);
                yield break;
            }
        }
    }

    public async Task WaitForEndAsync(string runId, TimeSpan patience, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        stop.CancelAfter(patience);
        try
        {
            await foreach (var _ in WatchAsync(runId, stop.Token))
            {
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }
    }

    /// <returns>False when nothing was heard for a while.</returns>
    private static async Task<bool> HappensAsync(ChannelReader<bool> happened, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Recheck);
        try
        {
            return await happened.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
