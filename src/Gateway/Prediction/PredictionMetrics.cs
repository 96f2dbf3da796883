using System.Diagnostics.Metrics;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Predictions by source, single ones and items of streams.</summary>
internal sealed class PredictionMetrics(IMeterFactory meters)
{
    public SourceCounter Predictions { get; } = new(meters.Create("Topfive.Gateway"), "topfive.predictions", "Images that labels were predicted for, by where the vector came from.");
}
