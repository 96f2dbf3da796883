using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Topfive.Consoles;

/// <summary>
/// The Gateway's calls of the last minutes by method, out of the metric that it exports. A call adds one to a counter; every few seconds the counters are
/// copied, and what happened between two copies is their difference.
/// </summary>
internal sealed class RecentCalls(IMeterFactory meters, TimeProvider? time = null) : IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Kept = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<string, CallCounter> _counters = new(StringComparer.Ordinal);
    private readonly LinkedList<Copy> _copies = [];
    private readonly Lock _copying = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private MeterListener? _listener;
    private ITimer? _timer;

    private sealed record Copy(DateTimeOffset Taken, Dictionary<string, CallCounts> Counts);

    public void Start()
    {
        _listener = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                // A process may host several services, each with meters of its own.
                if (instrument.Meter.Name == "Topfive.Calls" && instrument.Name == "rpc.server.call.duration" && ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument);
            },
        };
        _listener.SetMeasurementEventCallback<double>(Count);
        _listener.Start();
        TakeCopy();
        _timer = _time.CreateTimer(_ => TakeCopy(), null, Interval, Interval);
    }

    /// <summary>By method, since <paramref name="span"/> ago, or since the start where that was later.</summary>
    /// <returns>How long that is, and the counts of methods that were called.</returns>
    public (TimeSpan Span, IReadOnlyDictionary<string, CallCounts> Methods) Since(TimeSpan span)
    {
        var now = _time.GetUtcNow();
        lock (_copying)
        {
            var before = _copies.LastOrDefault(copy => now - copy.Taken >= span) ?? _copies.First!.Value;
            return (now - before.Taken, Difference(before.Counts, Now()));
        }
    }

    /// <summary>Calls a second in each interval, oldest first.</summary>
    public IReadOnlyList<(DateTimeOffset Time, double CallsPerSecond)> Rates()
    {
        lock (_copying)
        {
            return [.. _copies.Zip(_copies.Skip(1), (from, to) => (to.Taken, Total(to) is var calls && to.Taken > from.Taken ? (calls - Total(from)) / (to.Taken - from.Taken).TotalSeconds : 0))];
        }

        static double Total(Copy copy) => copy.Counts.Values.Sum(counts => counts.Calls);
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _listener?.Dispose();
    }

    private void Count(Instrument instrument, double seconds, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        var (method, failed) = ("", false);
        foreach (var (key, value) in tags)
        {
            if (key == "rpc.method") method = value as string ?? "";
            else if (key == "rpc.response.status_code") failed = value as string != "OK";
        }

        // The names are the known methods', so that they are few.
        if (method.StartsWith("grpc.", StringComparison.Ordinal)) return;
        _counters.GetOrAdd(method, _ => new CallCounter()).Count(seconds, failed);
    }

    private Dictionary<string, CallCounts> Now() => _counters.ToDictionary(counter => counter.Key, counter => counter.Value.Read());

    private void TakeCopy()
    {
        lock (_copying)
        {
            _copies.AddLast(new Copy(_time.GetUtcNow(), Now()));
            // One that is older than all that is shown, to begin from.
            while (_copies.Count > 2 && _copies.Last!.Value.Taken - _copies.First!.Next!.Value.Taken >= Kept) _copies.RemoveFirst();
        }
    }

    private static Dictionary<string, CallCounts> Difference(Dictionary<string, CallCounts> before, Dictionary<string, CallCounts> after) => after
        .Select(method => (method.Key, Counts: before.TryGetValue(method.Key, out var earlier) ? method.Value.Less(earlier) : method.Value))
        .Where(method => method.Counts.Calls > 0)
        .ToDictionary(method => method.Key, method => method.Counts);
}
