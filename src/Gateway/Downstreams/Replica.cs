using System.Diagnostics;
using Grpc.Net.Client.Balancer;

namespace Topfive.Gateway;

/// <summary>
/// A replica as its answers show it. One that is stopped or cut off keeps its connection, takes every call and answers none: gRPC takes it for
/// ready. Here it is silent from the first call on that gave up after a second in which nothing else was answered either; then it gets one call in
/// five seconds, which its next answer ends. One that is stopping refuses new connections, and is ready for gRPC until the last call on its old one
/// ends: after a refusal it gets none for a second.
/// </summary>
internal sealed class Replica(ILogger log)
{
    private static readonly long Patience = Stopwatch.Frequency;
    private static readonly long TryAgain = 5 * Stopwatch.Frequency;
    private static readonly long ConnectAgain = Stopwatch.Frequency;

    private long _lastAnswer;
    private long _nextCall;
    private long _nextConnection;
    private volatile bool _isSilent;

    /// <summary>False: others should be asked before it.</summary>
    public bool TakesCall()
    {
        var nextConnection = Interlocked.Read(ref _nextConnection);
        if (!_isSilent && nextConnection == 0) return true;
        var now = Stopwatch.GetTimestamp();
        if (now < nextConnection) return false;
        // Over: the next calls need no clock.
        Interlocked.CompareExchange(ref _nextConnection, 0, nextConnection);
        if (!_isSilent) return true;
        var next = Interlocked.Read(ref _nextCall);
        return now > next && Interlocked.CompareExchange(ref _nextCall, now + TryAgain, next) == next;
    }

    /// <returns>To be told when the replica has answered, or the call has given up.</returns>
    public ISubchannelCallTracker Watch() => new Call(this);

    private void Answered(BalancerAddress? address)
    {
        Interlocked.Exchange(ref _lastAnswer, Stopwatch.GetTimestamp());
        if (!_isSilent) return;
        _isSilent = false;
        log.LogInformation("the replica at {Address} answers again", address);
    }

    private void GivenUp(BalancerAddress? address, long began)
    {
        var now = Stopwatch.GetTimestamp();
        if (_isSilent || now - began < Patience || Interlocked.Read(ref _lastAnswer) > began) return;
        Interlocked.Exchange(ref _nextCall, now + TryAgain);
        _isSilent = true;
        log.LogWarning(
            "the replica at {Address} takes calls and has answered none for {Seconds:F1} s: until it answers others are asked first",
            address, Stopwatch.GetElapsedTime(began, now).TotalSeconds);
    }

    private void Refused() => Interlocked.Exchange(ref _nextConnection, Stopwatch.GetTimestamp() + ConnectAgain);

    private sealed class Call(Replica replica) : ISubchannelCallTracker
    {
        private readonly long _began = Stopwatch.GetTimestamp();

        public void Start()
        {
        }

        public void Complete(CompletionContext context)
        {
            if (context.Error is null)
            {
                replica.Answered(context.Address);
                return;
            }

            if (context.Error is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError }) replica.Refused();
            replica.GivenUp(context.Address, _began);
        }
    }
}
