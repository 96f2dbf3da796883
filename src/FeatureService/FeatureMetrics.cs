using System.Diagnostics.Metrics;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>What extraction does, and where its time goes. The store's own times are the store's (db.client.operation.duration).</summary>
internal sealed class FeatureMetrics
{
    private static readonly KeyValuePair<string, object?> Interactive = new("topfive.urgency", "interactive");
    private static readonly KeyValuePair<string, object?> Bulk = new("topfive.urgency", "bulk");

    private readonly SourceCounter _images;
    private readonly Histogram<double> _decode;
    private readonly Histogram<double> _queue;
    private readonly Histogram<double> _inference;
    private readonly Histogram<int> _batchSize;

    public FeatureMetrics(IMeterFactory meters, ImageBatcher batcher)
    {
        var meter = meters.Create("Topfive.FeatureService");
        _images = new SourceCounter(meter, "topfive.feature.images", "Images and augmented copies whose vectors were answered, by where the vector came from.");
        _decode = Seconds("topfive.feature.decode.duration", "Time of reading the header, decoding and resizing an image.", [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]);
        _queue = Seconds("topfive.feature.queue.duration", "Time from a place in the queue to the start of the batch, without decoding.", [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]);
        _inference = Seconds("topfive.feature.inference.duration", "Time of a run of the backbone: of a batch, not of an image.", [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]);
        _batchSize = meter.CreateHistogram("topfive.feature.batch.size", "{image}", "Images in a run of the backbone.", tags: null,
            new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64, 128, 256] });
        Images("topfive.feature.queue.depth", "Images that are decoded and wait for the engine.", batcher.WaitingFor);
        Images("topfive.feature.in_flight", "Images accepted and not finished: decoding, waiting, running.", batcher.InFlightOf);
        Images("topfive.feature.capacity", "Images that may be in flight; beyond it interactive calls are refused and bulk work waits.", batcher.CapacityOf);
        meter.CreateObservableCounter("topfive.feature.refusals", () => batcher.Refused, "{image}", "Images refused because the queue was full.");
        batcher.Ran += (size, duration) =>
        {
            _batchSize.Record(size);
            _inference.Record(duration.TotalSeconds);
        };

        Histogram<double> Seconds(string name, string description, double[] bounds) =>
            meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

        void Images(string name, string description, Func<Urgency, int> count) => meter.CreateObservableGauge(
            name, () => new[] { new Measurement<int>(count(Urgency.Interactive), Interactive), new Measurement<int>(count(Urgency.Bulk), Bulk) }, "{image}", description);
    }

    public Extraction Count(Extraction extraction)
    {
        _images.Count(extraction.Source);
        return extraction;
    }

    public void Computed(Urgency urgency, TimeSpan decode, TimeSpan queue)
    {
        _decode.Record(decode.TotalSeconds);
        _queue.Record(queue.TotalSeconds, urgency == Urgency.Interactive ? Interactive : Bulk);
    }
}
