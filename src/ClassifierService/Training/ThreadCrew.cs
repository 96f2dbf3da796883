namespace Topfive.ClassifierService;

/// <summary>Threads that work on one thing together, the caller among them, and wait for each other on the way.</summary>
internal sealed class ThreadCrew(int threads)
{
    private readonly SpinBarrier _barrier = new(threads);

    public int Threads => threads;

    /// <summary>Runs <paramref name="work"/> once on each thread, with its number, and returns when all have ended.</summary>
    public void Run(Action<int> work)
    {
        var others = Enumerable.Range(1, threads - 1)
            .Select(thread => Task.Factory.StartNew(
                () => Guarded(work, thread), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToArray();
        try
        {
            Guarded(work, 0);
        }
        finally
        {
            Task.WaitAll(others);
        }
    }

    /// <summary>Returns when every thread has called it.</summary>
    public void WaitForAll() => _barrier.SignalAndWait();

    /// <summary>This thread's share of <paramref name="count"/> things: a contiguous range, the same on every call.</summary>
    public (int First, int End) Share(int count, int thread) =>
        ((int)((long)count * thread / threads), (int)((long)count * (thread + 1) / threads));

    private void Guarded(Action<int> work, int thread)
    {
        try
        {
            work(thread);
        }
        catch
        {
            _barrier.Break();
            throw;
        }
    }
}
