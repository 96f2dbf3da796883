using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Topfive.FeatureService;

/// <summary>Serving means: warmed up and verified.</summary>
internal sealed class BackboneHealth(BackboneState state) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(state.Running.IsCompletedSuccessfully
            ? HealthCheckResult.Healthy("warmed up and verified")
            : HealthCheckResult.Unhealthy(state.Running.Exception?.InnerException?.Message ?? "warming up"));
}
