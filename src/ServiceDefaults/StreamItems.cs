using System.Threading.Channels;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>A bidirectional stream of independent items: one response a request, in completion order.</summary>
public static class StreamItems
{
    /// <summary>
    /// Answers every request with <paramref name="answer"/>, at most <paramref name="inFlight"/> at the same time. Beyond
    /// that nothing is read, so that HTTP/2's flow control stops the sender; a reader that stops stops the rest, with as many
    /// answers again waiting for it and one being written.
    /// </summary>
    public static async Task AnswerAsync<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requests, IServerStreamWriter<TResponse> responses, int inFlight,
        Func<TRequest, Task<TResponse>> answer, CancellationToken cancellation)
    {
        var answers = Channel.CreateBounded<TResponse>(new BoundedChannelOptions(inFlight) { SingleReader = true });
        var reading = Task.Run(async () =>
        {
            try
            {
                await Parallel.ForEachAsync(
                    requests.ReadAllAsync(cancellation),
                    new ParallelOptions { MaxDegreeOfParallelism = inFlight, CancellationToken = cancellation },
                    async (request, stop) => await answers.Writer.WriteAsync(await answer(request), stop));
                answers.Writer.Complete();
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
}
