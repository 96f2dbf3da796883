using System.Diagnostics.Metrics;
using Topfive.Features.V1;

namespace Topfive.ServiceDefaults;

/// <summary>Images by where their vectors came from. Counting is one addition: a hit costs little more than that itself.</summary>
public sealed class SourceCounter
{
    private static readonly (Source Source, KeyValuePair<string, object?> Tag)[] Sources =
    [
        (Source.Computed, new("topfive.source", "computed")), (Source.Store, new("topfive.source", "store")), (Source.InFlight, new("topfive.source", "in_flight")),
    ];

    private readonly long[] _counts = new long[Enum.GetValues<Source>().Cast<int>().Max() + 1];

    public SourceCounter(Meter meter, string name, string description) =>
        meter.CreateObservableCounter(name, () => Sources.Select(source => new Measurement<long>(Interlocked.Read(ref _counts[(int)source.Source]), source.Tag)), "{image}", description);

    public void Count(Source source)
    {
        if ((uint)source < (uint)_counts.Length) Interlocked.Increment(ref _counts[(int)source]);
    }
}
