using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Topfive.Gateway;

/// <summary>Asks a downstream for its own health, and says which one is missing and where it was looked for.</summary>
internal sealed class DownstreamHealthCheck(Health.HealthClient health, string service, string address) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            var answer = await health.CheckAsync(
                new HealthCheckRequest(), deadline: DateTime.UtcNow.AddSeconds(2), cancellationToken: cancellationToken);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? HealthCheckResult.Healthy($"{service} at {address} is serving")
                : HealthCheckResult.Unhealthy($"{service} at {address} answers that it is not serving yet");
        }
        catch (RpcException exception)
        {
            return HealthCheckResult.Unhealthy($"{service} at {address} does not answer ({exception.StatusCode})");
        }
    }
}
