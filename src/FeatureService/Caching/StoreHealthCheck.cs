using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>Without the store images are computed and answered all the same.</summary>
internal sealed class StoreHealthCheck(StoreHealth store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        store.CheckAsync(() => HealthCheckResult.Degraded(
            "the feature store does not answer, so every image is computed and none is kept: check Store__ConnectionString and the server behind it"));
}
