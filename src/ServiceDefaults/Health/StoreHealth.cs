using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.FeatureStore;

namespace Topfive.ServiceDefaults;

/// <summary>Asks the store for something small. What its absence means is the service's to say.</summary>
public sealed class StoreHealth(BackboneRegistry backbones)
{
    /// <summary>Less than the second that Kubernetes waits for an answer: a store that hangs must not make the service look dead.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <param name="away">What the service is when the store is away, and what it still does.</param>
    public async Task<HealthCheckResult> CheckAsync(Func<HealthCheckResult> away)
    {
        try
        {
            await backbones.CurrentAsync().WaitAsync(Patience);
            return HealthCheckResult.Healthy("the feature store answers");
        }
        catch (Exception exception) when (exception is TimeoutException || StoreFailure.Is(exception))
        {
            return away();
        }
    }
}
