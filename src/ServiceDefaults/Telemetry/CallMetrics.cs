using System.Diagnostics.Metrics;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>Calls by method and status, by OpenTelemetry's conventions for RPC.</summary>
public sealed class CallMetrics
{
    private static readonly KeyValuePair<string, object?> Grpc = new("rpc.system.name", "grpc");

    private readonly Histogram<double> _duration;
    private readonly Counter<long> _items;
    private long _inFlight;

    public CallMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("Topfive.Calls");
        _duration = meter.CreateHistogram(
            "rpc.server.call.duration", "s", "Time from a call's first byte to its status; of a stream, the whole stream.", tags: null,
            new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
            });
        _items = meter.CreateCounter<long>("topfive.stream.items", "{item}", "Items of streams, by what became of each.");
        meter.CreateObservableUpDownCounter("topfive.calls.in_flight", () => Interlocked.Read(ref _inFlight), "{call}", "Calls that have begun and not ended.");
    }

    internal void Begin() => Interlocked.Increment(ref _inFlight);

    /// <param name="path">/package.Service/Method of the stream.</param>
    /// <param name="status">The item's own.</param>
    internal void CountItem(string path, StatusCode status) => _items.Add(1, KnownMethod.Of(path).Tag, StatusName.TagOf(status));

    internal void End(KnownMethod method, StatusCode status, TimeSpan duration)
    {
        Interlocked.Decrement(ref _inFlight);
        _duration.Record(duration.TotalSeconds, Grpc, method.Tag, StatusName.TagOf(status));
    }
}
