using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Topfive.Client;

/// <summary>
/// Many requests over one stream: so many under way, read from their source no faster than answers come. Where the stream breaks off with UNAVAILABLE it is
/// opened again and gets what has no answer yet; so only what may happen twice goes over it.
/// </summary>
/// <param name="method">The stream.</param>
/// <param name="inFlight">Requests sent and not answered.</param>
/// <param name="options">How often it is opened again without progress.</param>
internal sealed class BulkStream<TRequest, TResponse>(BulkMethod<TRequest, TResponse> method, int inFlight, TopfiveClientOptions options)
    where TRequest : class
    where TResponse : class
{
    /// <param name="requests">Read until it ends or fails; what it fails with is thrown here.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>One response a request, in the order in which they come.</returns>
    public async IAsyncEnumerable<TResponse> RunAsync(
        IAsyncEnumerable<TRequest> requests, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var unanswered = new Unanswered<TRequest>(method.IdOf, method.Named, inFlight);
        var reading = ReadOrStopAsync();
        try
        {
            for (var failures = 0; ;)
            {
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
                using var call = method.Open(attempt.Token);
                var sending = SendAsync(call.RequestStream, unanswered.FromTheFirst(), attempt.Token);
                RpcException? end;
                try
                {
                    while (true)
                    {
                        (var response, end) = await NextAsync(call.ResponseStream).ConfigureAwait(false);
                        if (response is null) break;
                        failures = 0;
                        // An answer that comes again, from before the stream broke off, is not told twice.
                        if (!unanswered.Answer(method.IdOfResponse(response), out var id)) continue;
                        method.Rename(response, id);
                        yield return response;
                    }
                }
                finally
                {
                    await attempt.CancelAsync().ConfigureAwait(false);
                    await sending.ConfigureAwait(false);
                }

                if (end is null && unanswered.IsEmpty) break;
                end ??= new RpcException(new Status(StatusCode.Unavailable, "the stream ended before everything was answered"));
                if (end.StatusCode != StatusCode.Unavailable || ++failures >= options.MaxAttempts) throw end;
                await Task.Delay(RetryRule.DelayAfter(options, failures), cancellation).ConfigureAwait(false);
            }

            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            // What it failed with has been thrown, or is not the news.
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        // The next response; or none, and why the stream ended (null: as it should).
        async Task<(TResponse? Response, RpcException? End)> NextAsync(IAsyncStreamReader<TResponse> responses)
        {
            try
            {
                return await responses.MoveNext(stop.Token).ConfigureAwait(false) ? (responses.Current, null) : (null, null);
            }
            catch (Exception) when (stop.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                // The source failed, and stopped the call: why is the news.
                await reading.ConfigureAwait(false);
                throw;
            }
            catch (RpcException failure) when (cancellation.IsCancellationRequested)
            {
                throw new OperationCanceledException(failure.Status.Detail, failure, cancellation);
            }
            catch (RpcException failure)
            {
                return (null, failure);
            }
        }

        async Task ReadOrStopAsync()
        {
            try
            {
                await unanswered.FillAsync(requests, stop.Token).ConfigureAwait(false);
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    /// <summary>Writes what there is to write, and says when that is all. Why a stream ends earlier its answers say.</summary>
    private static async Task SendAsync(
        IClientStreamWriter<TRequest> stream, IAsyncEnumerable<TRequest> requests, CancellationToken stop)
    {
        try
        {
            await foreach (var request in requests.WithCancellation(stop).ConfigureAwait(false))
            {
                await stream.WriteAsync(request, stop).ConfigureAwait(false);
            }

            await stream.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RpcException or IOException or InvalidOperationException or OperationCanceledException)
        {
            // As above.
        }
    }
}
