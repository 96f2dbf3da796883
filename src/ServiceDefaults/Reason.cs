using Google.Rpc;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>
/// Machine-readable causes, as google.rpc.ErrorInfo in a status' details (domain <c>topfive</c>), where a caller has to
/// tell failures with the same code apart.
/// </summary>
public static class Reason
{
    public const string Domain = "topfive";

    /// <summary>The image has no stored vector of the backbone that was needed, or the store could not be asked.</summary>
    public const string VectorUnavailable = "VECTOR_UNAVAILABLE";

    public static bool HasReason(this RpcException exception, string reason) =>
        exception.GetRpcStatus()?.GetDetail<ErrorInfo>() is { Domain: Domain } info && info.Reason == reason;
}
