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

    /// <summary>The same for bulk work, without a deadline of its own: how long it waits is up to the work before it.</summary>
    public static CallOptions DownstreamBulk(this ServerCallContext caller, Metadata? headers = null) =>
        new(headers, caller.Deadline, caller.CancellationToken);
}
