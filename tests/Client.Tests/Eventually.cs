using System.Diagnostics;
using Xunit;

namespace Topfive.Client.Tests;

internal static class Eventually
{
    /// <summary>Waits for something to become true, a minute at most.</summary>
    public static async Task IsTrueAsync(Func<bool> condition, string what)
    {
        for (var began = Stopwatch.GetTimestamp(); !condition(); await Task.Delay(10))
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1), $"not within a minute: {what}");
        }
    }
}
