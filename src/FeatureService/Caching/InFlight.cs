using System.Collections.Concurrent;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>
/// Identical images at the same time are computed once. A caller that goes leaves the others their result; when the
/// last one has gone, the work is told to stop.
/// </summary>
internal sealed class InFlight<TResult>
{
    private readonly ConcurrentDictionary<ImageHash, Flight> _flights = new();

    /// <param name="image">What makes two computations the same.</param>
    /// <param name="work">Begun for the first caller only; its token is cancelled when nobody waits any more.</param>
    /// <param name="caller">Ends this caller's wait, not the work of others.</param>
    /// <returns>The result, and whether another caller's work gave it.</returns>
    public async Task<(TResult Result, bool Joined)> RunAsync(
        ImageHash image, Func<CancellationToken, Task<TResult>> work, CancellationToken caller)
    {
        var own = new Flight();
        var flight = _flights.GetOrAdd(image, own);
        while (flight != own && !flight.TryJoin())
        {
            // Given up by all who waited for it, and not gone yet.
            _flights.TryRemove(new(image, flight));
            flight = _flights.GetOrAdd(image, own);
        }

        if (flight == own)
        {
            _ = FlyAsync(image, own, work);
        }

        try
        {
            return (await flight.Result.WaitAsync(caller), flight != own);
        }
        finally
        {
            flight.Leave();
        }
    }

    private async Task FlyAsync(ImageHash image, Flight flight, Func<CancellationToken, Task<TResult>> work)
    {
        // Gone before the result is out: who comes after a failure begins anew.
        try
        {
            var result = await work(flight.Abandoned);
            _flights.TryRemove(new(image, flight));
            flight.Succeed(result);
        }
        catch (Exception exception)
        {
            _flights.TryRemove(new(image, flight));
            flight.Fail(exception);
        }
    }

#pragma warning disable CA1001 // A token source without a timer or a link holds nothing that needs disposing.
    private sealed class Flight
#pragma warning restore CA1001
    {
        private readonly TaskCompletionSource<TResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenSource _abandoned = new();
        private int _waiting = 1;

        public Task<TResult> Result => _result.Task;

        public CancellationToken Abandoned => _abandoned.Token;

        /// <returns>False when nobody was waiting any more.</returns>
        public bool TryJoin()
        {
            var waiting = Volatile.Read(ref _waiting);
            while (waiting > 0)
            {
                var seen = Interlocked.CompareExchange(ref _waiting, waiting + 1, waiting);
                if (seen == waiting)
                {
                    return true;
                }

                waiting = seen;
            }

            return false;
        }

        public void Leave()
        {
            if (Interlocked.Decrement(ref _waiting) == 0 && !Result.IsCompleted)
            {
                _abandoned.Cancel();
            }
        }

        public void Succeed(TResult result) => _result.TrySetResult(result);

        public void Fail(Exception exception)
        {
            _result.TrySetException(exception);
            // Everybody may have gone; that leaves nobody to observe it, which is no event.
            _ = _result.Task.Exception;
        }
    }
}
