using System.Diagnostics;

namespace Topfive.TestKit;

/// <summary>
/// Hostile inputs by number: input n is made from the seed n and nothing else, so that a failure names all that is needed to see it again.
/// TOPFIVE_FUZZ multiplies how many there are; TOPFIVE_FUZZ_SEED runs one alone.
/// </summary>
public static class Fuzz
{
    /// <summary>Longer than this is a hang.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromSeconds(2);

    // Beyond doubt, on whatever machine: the run ends, and says so.
    private static readonly TimeSpan Stuck = TimeSpan.FromSeconds(60);

    /// <param name="count">Without TOPFIVE_FUZZ.</param>
    /// <param name="atOnce">How many are under way at the same time.</param>
    /// <param name="check">Fails for an input that is not dealt with as it must be.</param>
    /// <returns>How many were run.</returns>
    public static async Task<int> RunAsync(int count, int atOnce, Func<int, Task> check)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("TOPFIVE_FUZZ_SEED"), out var only))
        {
            await TimedAsync(only, check);
            return 1;
        }

        var inputs = (int)(count * (double.TryParse(Environment.GetEnvironmentVariable("TOPFIVE_FUZZ"), out var factor) ? factor : 1));
        var slow = new List<int>();
        await Parallel.ForEachAsync(Enumerable.Range(0, inputs), new ParallelOptions { MaxDegreeOfParallelism = atOnce }, async (seed, _) =>
        {
            if (await TimedAsync(seed, check) > MostTime)
            {
                lock (slow) slow.Add(seed);
            }
        });

        // Neighbours on the machine make anything slow once: what is slow alone and three times is.
        foreach (var seed in slow)
        {
            var times = new List<TimeSpan>();
            for (var i = 0; i < 3; i++) times.Add(await TimedAsync(seed, check));
            if (times.Min() > MostTime) throw new TimeoutException($"input {seed} took {times.Min().TotalSeconds:F1} s: TOPFIVE_FUZZ_SEED={seed} runs it alone");
        }

        return inputs;
    }

    private static async Task<TimeSpan> TimedAsync(int seed, Func<int, Task> check)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            await Task.Run(() => check(seed)).WaitAsync(Stuck);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"input {seed} failed: TOPFIVE_FUZZ_SEED={seed} runs it alone. {exception.Message}", exception);
        }

        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Memory of this process after garbage has been collected, in bytes.</summary>
    public static long Memory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
