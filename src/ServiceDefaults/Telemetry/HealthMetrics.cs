using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace Topfive.ServiceDefaults;

/// <summary>What health said last: looked at every five seconds, also when nobody asks; what changes is logged once.</summary>
internal sealed class HealthMetrics : IHealthCheckPublisher
{
    private readonly ILogger<HealthMetrics> _log;
    private volatile HealthReport? _last;

    public HealthMetrics(IMeterFactory meters, ILogger<HealthMetrics> log)
    {
        _log = log;
        meters.Create("Topfive.Health").CreateObservableGauge(
            "topfive.health", Measure, null, "By check: 2 healthy, 1 degraded (the service answers, not all of it or slower), 0 unhealthy (it does not serve).");
    }

    public Task PublishAsync(HealthReport report, CancellationToken cancellationToken)
    {
        foreach (var (check, entry) in report.Entries)
        {
            var before = _last?.Entries.TryGetValue(check, out var last) == true ? last.Status : HealthStatus.Healthy;
            if (entry.Status == before) continue;
            _log.Log(entry.Status == HealthStatus.Healthy ? LogLevel.Information : LogLevel.Warning, "{Check} is {Status}: {Reason}", check, entry.Status, entry.Description);
        }

        _last = report;
        return Task.CompletedTask;
    }

    private IEnumerable<Measurement<int>> Measure() =>
        _last?.Entries.Select(entry => new Measurement<int>((int)entry.Value.Status, KeyValuePair.Create("topfive.check", (object?)entry.Key))) ?? [];
}
