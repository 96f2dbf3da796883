using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Asks a downstream for its own health, and says which one is missing, where it was looked for, and what does not work without it.</summary>
internal sealed class DownstreamHealthCheck(Health.HealthClient health, string service, string address, string loss) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Spans.Quieten();
        try
        {
            // No deadline, which is a time of day: whoever sets the clock would move it.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var answer = await health.CheckAsync(new HealthCheckRequest(), cancellationToken: patience.Token);
            return answer.Status == HealthCheckResponse.Types.ServingStatus.Serving
                ? HealthCheckResult.Healthy($"{service} at {address} is serving")
                : Missing(context, $"{service} at {address} answers that it is not serving yet");
        }
        catch (RpcException exception)
        {
            return Missing(context, $"{service} at {address} does not answer ({exception.StatusCode})");
        }
    }

    private HealthCheckResult Missing(HealthCheckContext context, string message) => new(context.Registration.FailureStatus, $"{message}: {loss}");
}
