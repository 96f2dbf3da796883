using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Status = Google.Rpc.Status;

namespace Topfive.ServiceDefaults;

/// <summary>Bidirectional streams of independent items: one bad item ends neither the stream nor its neighbours.</summary>
public sealed class StreamItems(ILogger<StreamItems> log, CallMetrics metrics, Draining draining)
{
    /// <summary>
    /// Answers every request, in completion order, at most <paramref name="inFlight"/> at the same time. Beyond that nothing
    /// is read, so that HTTP/2's flow control stops the sender; a reader that stops stops the rest, with as many answers again
    /// waiting for it and one being written. When the service stops no more is read, what was read is answered, and the stream ends with
    /// UNAVAILABLE: the caller sends again what has no answer.
    /// </summary>
    /// <param name="requests">The items.</param>
    /// <param name="responses">One for each.</param>
    /// <param name="inFlight">At least 1.</param>
    /// <param name="answer">The response to an item, or an exception.</param>
    /// <param name="refuse">The response to an item that failed, with the status of <see cref="FailureTable"/>.</param>
    /// <param name="context">The call; its cancellation ends everything.</param>
    public async Task AnswerAsync<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, int inFlight,
        Func<TRequest, Task<TResponse>> answer, Func<TRequest, Status, TResponse> refuse, ServerCallContext context)
    {
        var cancellation = context.CancellationToken;
        var stream = Read(requests);
        var answers = Channel.CreateBounded<TResponse>(new BoundedChannelOptions(inFlight) { SingleReader = true });
        var reading = Task.Run(async () =>
        {
            try
            {
                await Parallel.ForEachAsync(
                    stream.ReadAllAsync(cancellation),
                    new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellation },
                    async (request, stop) => await answers.Writer.WriteAsync(await AnswerItemAsync(request, answer, refuse, context), stop));
                answers.Writer.Complete(stream.IsCutOff ? CutOff() : null);
            }
            catch (Exception exception)
            {
                answers.Writer.Complete(exception);
            }
        }, cancellation);

        await foreach (var response in answers.Reader.ReadAllAsync(cancellation))
        {
            await responses.WriteAsync(response, cancellation);
        }

        await reading;
    }

    /// <summary>To be read instead of the requests themselves: it ends when the service stops.</summary>
    public StreamReading<TRequest> Read<TRequest>(IAsyncStreamReader<TRequest> requests) => new(requests, draining);

    /// <summary>How a stream ends whose every item that was read has been answered.</summary>
    public static Failure CutOff() => Draining.CutOff("every item that it took is answered, so send those without an answer again, in a new stream");

    /// <summary>The response to one item, whatever happens to it.</summary>
    public async Task<TResponse> AnswerItemAsync<TRequest, TResponse>(
        TRequest item, Func<TRequest, Task<TResponse>> answer, Func<TRequest, Status, TResponse> refuse, ServerCallContext context)
    {
        Spans.Quieten();
        try
        {
            var response = await answer(item);
            metrics.CountItem(context.Method, StatusCode.OK);
            return response;
        }
        catch (Exception exception)
        {
            var traceId = context.TraceId();
            if (FailureTable.IsUnforeseen(exception))
            {
                log.LogError(exception, "an item of {Method} failed; trace id {TraceId}", context.Method, traceId);
            }

            var status = FailureTable.ToStatus(exception, traceId);
            metrics.CountItem(context.Method, (StatusCode)status.Code);
            return refuse(item, status);
        }
    }
}
