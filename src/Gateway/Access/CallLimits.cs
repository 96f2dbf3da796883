using System.Threading.RateLimiting;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>
/// How much each caller gets, counted in this Gateway: behind a balancer each replica counts for itself. A call over
/// the limit is refused at once; a stream over it is read more slowly, down to the sender, and never refused in the middle.
/// </summary>
internal sealed class CallLimits : IDisposable
{
    /// <summary>The limiters look at the clock this often.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly PartitionedRateLimiter<KnownCaller> _rates =
        PartitionedRateLimiter.Create<KnownCaller, (CallLimitOptions, string)>(caller => RateLimitPartition.GetTokenBucketLimiter((caller.Limits, caller.Name), _ => BucketOf(caller.Limits)));

    private readonly PartitionedRateLimiter<KnownCaller> _underWay =
        PartitionedRateLimiter.Create<KnownCaller, (CallLimitOptions, string)>(caller => RateLimitPartition.GetConcurrencyLimiter(
            (caller.Limits, caller.Name), _ => new ConcurrencyLimiterOptions { PermitLimit = caller.Limits.ConcurrentCalls, QueueLimit = 0 }));

    /// <returns>To dispose when the call has ended; null where the caller has no limit.</returns>
    /// <exception cref="Failure">RESOURCE_EXHAUSTED, with when to try again.</exception>
    public RateLimitLease? Enter(KnownCaller caller)
    {
        if (caller.Limits.RequestsPerSecond > 0)
        {
            using var rate = _rates.AttemptAcquire(caller);
            if (!rate.IsAcquired)
            {
                var wait = RetryAfter(rate);
                throw Failure.QueueFull(
                    $"'{caller.Name}' has used up its {caller.Limits.RequestsPerSecond:N0} requests a second (RequestsPerSecond): try again in {wait.TotalSeconds:F1} s", wait);
            }
        }

        if (caller.Limits.ConcurrentCalls == 0) return null;

        var underWay = _underWay.AttemptAcquire(caller);
        if (underWay.IsAcquired) return underWay;

        underWay.Dispose();
        throw Failure.QueueFull(
            $"'{caller.Name}' has {caller.Limits.ConcurrentCalls:N0} calls under way, which is its limit (ConcurrentCalls): wait for one of them to end", TimeSpan.FromSeconds(1));
    }

    /// <summary>Waits until a message of a stream may be read. Callers wait without an order, so that none of them waits for ever behind another.</summary>
    public async ValueTask WaitAsync(KnownCaller caller, CancellationToken cancellation)
    {
        while (true)
        {
            using var rate = _rates.AttemptAcquire(caller);
            if (rate.IsAcquired) return;
            await Task.Delay(RetryAfter(rate), cancellation);
        }
    }

    /// <summary>The same for what of a call is as much work as another call, where its caller has a rate.</summary>
    public ValueTask WaitAsync(HttpContext http, CancellationToken cancellation) =>
        http.Features.Get<KnownCaller>() is { Limits.RequestsPerSecond: > 0 } caller ? WaitAsync(caller, cancellation) : ValueTask.CompletedTask;

    public void Dispose()
    {
        _rates.Dispose();
        _underWay.Dispose();
    }

    private static TimeSpan RetryAfter(RateLimitLease refused) =>
        refused.TryGetMetadata(MetadataName.RetryAfter, out var wait) && wait > Tick ? wait : Tick;

    private static TokenBucketRateLimiterOptions BucketOf(CallLimitOptions limits)
    {
        var aTick = (int)Math.Ceiling(limits.RequestsPerSecond * Tick.TotalSeconds);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = limits.Burst > 0 ? limits.Burst : limits.RequestsPerSecond,
            TokensPerPeriod = aTick,
            ReplenishmentPeriod = TimeSpan.FromSeconds((double)aTick / limits.RequestsPerSecond),
            QueueLimit = 0,
        };
    }
}
