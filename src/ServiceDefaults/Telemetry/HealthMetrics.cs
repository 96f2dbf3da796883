using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Topfive.ServiceDefaults;

/// <summary>What health said last: looked at every five seconds, also when nobody asks.</summary>
internal sealed class HealthMetrics : IHealthCheckPublisher
{
    private volatile HealthReport? _last;

    public HealthMetrics(IMeterFactory meters) => meters.Create("Topfive.Health").CreateObservableGauge(
        "topfive.health", Measure, "1", "By check: 2 healthy, 1 degraded (the service answers, not all of it or slower), 0 unhealthy (it does not serve).");

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        _last = report;
        return Task.CompletedTask;
    }

    private IEnumerable<Measurement<int>> Measure() =>
        _last?.Entries.Select(entry => new Measurement<int>((int)entry.Value.Status, KeyValuePair.Create("topfive.check", (object?)entry.Key))) ?? [];
}
