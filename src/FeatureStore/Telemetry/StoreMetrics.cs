using System.Diagnostics;
using System.Diagnostics.Metrics;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>Time of the commands that read and write vectors, by OpenTelemetry's conventions for databases; others show as spans only.</summary>
internal sealed class StoreMetrics
{
    public static readonly KeyValuePair<string, object?> Get = Operation("GET");
    public static readonly KeyValuePair<string, object?> Set = Operation("SET");
    public static readonly KeyValuePair<string, object?> Exists = Operation("EXISTS");
    public static readonly KeyValuePair<string, object?> Delete = Operation("DEL");

    private static readonly KeyValuePair<string, object?> System = new("db.system.name", "redis");
    private readonly Histogram<double> _duration;

    /// <param name="meters">Null: nobody looks.</param>
    /// <param name="isConnected">Whether commands are answered.</param>
    public StoreMetrics(IMeterFactory? meters, Func<bool> isConnected)
    {
        var meter = meters?.Create("Topfive.FeatureStore") ?? new Meter("Topfive.FeatureStore");
        _duration = meter.CreateHistogram("db.client.operation.duration", "s", "Time of a command that reads or writes a vector.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5] });
        meter.CreateObservableGauge("topfive.store.connected", () => isConnected() ? 1 : 0, null, "1: the feature store answers; 0: it is away, or hangs.");
    }

    /// <param name="operation">One of the constants.</param>
    /// <param name="began">A time stamp of <see cref="Stopwatch"/>.</param>
    public void Succeeded(KeyValuePair<string, object?> operation, long began) =>
        _duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, System, operation);

    /// <param name="operation">One of the constants.</param>
    /// <param name="began">A time stamp of <see cref="Stopwatch"/>.</param>
    /// <param name="exception">Why.</param>
    public void Failed(KeyValuePair<string, object?> operation, long began, Exception exception) =>
        _duration.Record(Stopwatch.GetElapsedTime(began).TotalSeconds, System, operation, new KeyValuePair<string, object?>("error.type", exception switch
        {
            RedisTimeoutException => "timeout",
            RedisConnectionException => "connection",
            RedisServerException => "server",
            _ => "_OTHER",
        }));

    private static KeyValuePair<string, object?> Operation(string name) => new("db.operation.name", name);
}
