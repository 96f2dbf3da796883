using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Without the store, live heads that are in memory serve on; where there is none, nothing does.</summary>
internal sealed class StoreHealthCheck(StoreHealth store, HeadCache heads) : IHealthCheck
{
    private const string Away = "the feature store does not answer: check Store__ConnectionString and the server behind it";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        store.CheckAsync(() => heads.Live.Count is > 0 and var live
            ? HealthCheckResult.Degraded($"{Away}; {live} live heads in memory classify vectors meanwhile")
            : HealthCheckResult.Unhealthy(Away));
}
