using System.Diagnostics;
using Xunit;

namespace Topfive.TestKit;

/// <summary>What becomes true when a service gets to it.</summary>
public static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Asks until it is so; fails with <paramref name="what"/> when it is not within a minute.</summary>
    public static async Task TrueAsync(string what, Func<Task<bool>> isSo)
    {
        for (var began = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(began) < Patience; await Task.Delay(20))
        {
            if (await isSo()) return;
        }

        Assert.Fail($"not within a minute: {what}");
    }
}
