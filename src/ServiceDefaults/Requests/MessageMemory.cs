using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>The bytes of messages that all calls hold together, as they have come so far: to announce a large one takes nothing from others.</summary>
public sealed class MessageMemory(IOptions<LimitOptions> options)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly long _limit = Math.Max(options.Value.MaxBytesInFlight, options.Value.MaxMessageBytes);
    private long _taken;

    /// <summary>Of all calls, now.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <param name="bytes">Below 0: so many are given back.</param>
    /// <returns>False when there is no room, and then none is taken.</returns>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= _limit || bytes <= 0) return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    public Failure Full() => Failure.QueueFull($"the messages of all calls take {_limit:N0} bytes, which is the limit (Limits__MaxBytesInFlight): try again when some have ended", RetryAfter);
}
