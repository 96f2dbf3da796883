using System.Diagnostics.Metrics;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>What heads are live, and what training does.</summary>
internal sealed class ClassifierMetrics
{
    /// <summary>Heads that are shown, in name order: names are the callers' to choose, and every one is a series.</summary>
    private const int MostHeads = 500;

    private static readonly Dictionary<RunState, KeyValuePair<string, object?>> States = new()
    {
        [RunState.Succeeded] = new("topfive.state", "succeeded"),
        [RunState.Failed] = new("topfive.state", "failed"),
        [RunState.Cancelled] = new("topfive.state", "cancelled"),
    };

    private readonly Histogram<double> _epochs;
    private readonly Counter<long> _runs;

    public ClassifierMetrics(IMeterFactory meters, HeadCache heads, RunQueue queue)
    {
        var meter = meters.Create("Topfive.ClassifierService");
        _epochs = meter.CreateHistogram("topfive.training.epoch.duration", "s", "Time of a training epoch; its count is the epochs.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900] });
        _runs = meter.CreateCounter<long>("topfive.training.runs", "{run}", "Training runs that ended here.");
        meter.CreateObservableGauge("topfive.training.queue.depth", () => queue.Waiting, "{run}", "Runs that wait for their turn.");
        meter.CreateObservableGauge("topfive.training.running", () => Math.Max(0, queue.Active.Count - queue.Waiting), "{run}", "Runs that train now.");
        meter.CreateObservableGauge("topfive.head.live_version", () => heads.Live.OrderBy(head => head.Name, StringComparer.Ordinal).Take(MostHeads)
            .Select(head => new Measurement<long>(head.Version, KeyValuePair.Create("topfive.head", (object?)head.Name))),
            null, "The version that this process answers with, of each head that it was asked for.");
    }

    public void EpochEnded(Epoch epoch) => _epochs.Record(epoch.Seconds);

    public void RunEnded(Run run) => _runs.Add(1, States.GetValueOrDefault(run.State, States[RunState.Failed]));
}
