using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>Ready means that the store answers.</summary>
internal sealed class StoreHealthCheck(BackboneRegistry backbones) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await backbones.CurrentAsync();
            return HealthCheckResult.Healthy("the feature store answers");
        }
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            return HealthCheckResult.Unhealthy("the feature store does not answer: check Store__ConnectionString and the server behind it");
        }
    }
}
