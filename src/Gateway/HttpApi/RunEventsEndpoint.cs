using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// GET /v1/runs/{run_id}/events: Training.WatchRun as server-sent events. The first one, <c>run</c>, says where the run is; then <c>epoch</c> for
/// each epoch, and <c>finished</c> or <c>failed</c>. The n-th event of WatchRun has the id n, after which a Last-Event-ID goes on; after the last
/// there is no content, which tells an EventSource to stop.
/// </summary>
internal sealed class RunEventsEndpoint(Training.TrainingClient training, IOptions<ServicesOptions> services)
{
    public const string Method = "/topfive.classifier.v1.Training/WatchRun";

    public async Task<IResult> AnswerAsync([FromRoute(Name = "run_id")] string runId, HttpContext http)
    {
        try
        {
            var seen = LastSeen(http.Request);
            var call = new HttpCallContext(http, Method);
            var run = await training.GetRunAsync(new GetRunRequest { RunId = runId }, call.Downstream(services.Value));
            // Of a run that has ended nothing comes after its end.
            return seen > run.EpochsDone && run.State is (RunState.Succeeded or RunState.Failed or RunState.Cancelled)
                ? Results.NoContent()
                : TypedResults.ServerSentEvents(EventsAsync(run, seen, call, http.RequestAborted));
        }
        catch (Exception exception) when (!FailureTable.IsUnforeseen(exception))
        {
            return JsonAnswers.Of(exception);
        }
    }

    private async IAsyncEnumerable<SseItem<string>> EventsAsync(Run run, long seen, HttpCallContext call, [EnumeratorCancellation] CancellationToken stop)
    {
        yield return new SseItem<string>(JsonAnswers.Format(run), "run");
        using var watch = training.WatchRun(new WatchRunRequest { RunId = run.RunId }, call.DownstreamBulk());
        for (var id = 1L; await MoveNextAsync(watch.ResponseStream, stop); id++)
        {
            if (id <= seen) continue;
            var (kind, data) = watch.ResponseStream.Current switch
            {
                { EventCase: RunEvent.EventOneofCase.Epoch } happened => ("epoch", JsonAnswers.Format(happened.Epoch)),
                { EventCase: RunEvent.EventOneofCase.Finished } happened => ("finished", JsonAnswers.Format(happened.Finished)),
                var happened => ("failed", JsonAnswers.Format(happened.Failed)),
            };
            yield return new SseItem<string>(data, kind) { EventId = id.ToString(CultureInfo.InvariantCulture) };
        }
    }

    /// <summary>When the service behind goes away the stream ends; an EventSource comes again by itself, and says what it has seen.</summary>
    private static async ValueTask<bool> MoveNextAsync(IAsyncStreamReader<RunEvent> events, CancellationToken stop)
    {
        try
        {
            return await events.MoveNext(stop);
        }
        catch (RpcException)
        {
            return false;
        }
    }

    private static long LastSeen(HttpRequest request)
    {
        var last = $"{request.Headers["last-event-id"]}";
        if (last.Length == 0) return 0;
        return long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id : throw Failure.InvalidInput($"Last-Event-ID is '{last}'; it is the id of an event, a whole number");
    }
}
