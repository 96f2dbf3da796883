using System.Diagnostics;
using Microsoft.Extensions.Internal;

namespace Topfive.ClassifierService;

/// <summary>Goes on evenly while somebody sets the machine's clock: a lifetime measured by it is as long as it says.</summary>
internal sealed class SteadyClock : ISystemClock
{
    private static readonly DateTimeOffset Began = DateTimeOffset.UtcNow;
    private static readonly long BeganAt = Stopwatch.GetTimestamp();

    public DateTimeOffset UtcNow => Began + Stopwatch.GetElapsedTime(BeganAt);
}
