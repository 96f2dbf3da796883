using System.Collections.Concurrent;
using System.Diagnostics.Tracing;

namespace Topfive.Bench;

/// <summary>What this process allocates, by type: the runtime reports a type each time that another 100 KB have been taken.</summary>
internal sealed class AllocationTable : EventListener
{
    private const int GarbageCollection = 1;
    private const int AmountIndex = 3;
    private const int TypeNameIndex = 5;

    // The base class enables events before this class' own fields are there.
    private ConcurrentDictionary<string, long>? _bytes;

    public AllocationTable() => _bytes = new(StringComparer.Ordinal);

    /// <param name="calls">That it was allocated for.</param>
    /// <param name="rows">The largest.</param>
    public void Print(double calls, int rows)
    {
        Console.WriteLine("bytes a call, by type (samples)");
        foreach (var (type, bytes) in _bytes!.OrderByDescending(entry => entry.Value).Take(rows)) Console.WriteLine($"{bytes / calls,8:N0}  {type}");
    }

    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == "Microsoft-Windows-DotNETRuntime") EnableEvents(eventSource, EventLevel.Verbose, (EventKeywords)GarbageCollection);
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) != true) return;
        _bytes?.AddOrUpdate((string)eventData.Payload![TypeNameIndex]!, (long)(ulong)eventData.Payload[AmountIndex]!, (_, sum) => sum + (long)(ulong)eventData.Payload[AmountIndex]!);
    }
}
