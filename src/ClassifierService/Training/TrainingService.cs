using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using TrainingBase = Topfive.Classifier.V1.Training.TrainingBase;

namespace Topfive.ClassifierService;

/// <summary>topfive.classifier.v1.Training.</summary>
internal sealed class TrainingService(
    RunStarter starter, RunWatcher watcher, RunCanceller canceller, RunStore runs, Draining draining) : TrainingBase
{
    public override Task<Run> StartRun(StartRunRequest request, ServerCallContext context) =>
        starter.StartAsync(request, context.Caller(), context.CancellationToken);

    public override async Task WatchRun(WatchRunRequest request, IServerStreamWriter<RunEvent> responseStream, ServerCallContext context)
    {
        NameRule.Check(request.RunId, "run_id");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, draining.StreamsEnd);
        try
        {
            await foreach (var runEvent in watcher.WatchAsync(request.RunId, stop.Token)) await responseStream.WriteAsync(runEvent, stop.Token);
        }
        catch (OperationCanceledException) when (draining.StreamsEnd.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw Draining.CutOff("watch the run again at another replica, or when this one is back");
        }
    }

    public override Task<Run> CancelRun(CancelRunRequest request, ServerCallContext context)
    {
        NameRule.Check(request.RunId, "run_id");
        return canceller.CancelAsync(request.RunId, context.CancellationToken);
    }

    public override async Task<Run> GetRun(GetRunRequest request, ServerCallContext context)
    {
        NameRule.Check(request.RunId, "run_id");
        return await runs.GetAsync(request.RunId) ?? throw RunWatcher.Unknown(request.RunId);
    }

    public override async Task<ListRunsResponse> ListRuns(ListRunsRequest request, ServerCallContext context) => new()
    {
        Runs = { (await runs.ListAsync()).Where(run => request.Head.Length == 0 || run.Head == request.Head) },
    };
}
