using System.Collections.Concurrent;
using System.Diagnostics;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Calls that follow one another until they are told to end, and what went wrong with them.</summary>
internal sealed class SteadyLoad
{
    // Without it the callers alone take the cores that the services need.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly List<Caller> _callers = [];
    private readonly ConcurrentQueue<TimeSpan> _took = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private volatile bool _ending;

    public TimeSpan Longest => _took.Max();

    public int Count => _took.Count;

    /// <param name="part">0.99: so many of the calls took no longer.</param>
    public TimeSpan Percentile(double part) => _took.Order().ElementAt((int)(part * (_took.Count - 1)));

    /// <summary>So many callers, each of which calls again soon after it has been answered.</summary>
    public void Repeat(int callers, Func<Task> call)
    {
        for (var i = 0; i < callers; i++)
        {
            var caller = new Caller();
            caller.Calling = Task.Run(async () =>
            {
                for (; !_ending; Interlocked.Increment(ref caller.Answered))
                {
                    var began = Stopwatch.GetTimestamp();
                    try
                    {
                        await call();
                    }
                    catch (Exception exception)
                    {
                        _errors.Enqueue($"{call.Method.Name}, after {_took.Count} calls and {Stopwatch.GetElapsedTime(began)}: {exception}");
                    }

                    _took.Enqueue(Stopwatch.GetElapsedTime(began));
                    await Task.Delay(Pause);
                }
            });
            _callers.Add(caller);
        }
    }

    /// <summary>Until every caller has been answered at least three times more, and a second has passed.</summary>
    public async Task GoOnAsync()
    {
        int[] until = [.. _callers.Select(caller => Volatile.Read(ref caller.Answered) + 3)];
        var second = Task.Delay(TimeSpan.FromSeconds(1));
        while (_callers.Where((caller, i) => Volatile.Read(ref caller.Answered) < until[i]).Any())
        {
            await Task.Delay(10);
        }

        await second;
    }

    public Task EndAsync()
    {
        _ending = true;
        return Task.WhenAll(_callers.Select(caller => caller.Calling));
    }

    public void NoneFailed() => Assert.True(_errors.IsEmpty, $"{_errors.Count} of {_took.Count} calls failed:\n{string.Join("\n", _errors)}");

    private sealed class Caller
    {
        public int Answered;

        public Task Calling { get; set; } = Task.CompletedTask;
    }
}
