using Grpc.Core;

namespace Topfive.Gateway;

internal static class CallExtensions
{
    /// <summary>
    /// Options for a downstream call made for <paramref name="caller"/>: its deadline (or the default one) and its
    /// cancellation go along.
    /// </summary>
    public static CallOptions Downstream(this ServerCallContext caller, ServicesOptions services, Metadata? headers = null) =>
        new(headers,
            caller.Deadline == DateTime.MaxValue ? DateTime.UtcNow.AddSeconds(services.TimeoutSeconds) : caller.Deadline,
            caller.CancellationToken);
}
