using Google.Protobuf;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>Where gRPC carries a google.rpc.Status beside its code and message: base64 in a header or trailer.</summary>
internal static class StatusDetails
{
    public const string Name = "grpc-status-details-bin";

    /// <returns>The status, with the id of the call that goes on.</returns>
    public static string Of(StatusCode code, string message) =>
        Convert.ToBase64String(new Google.Rpc.Status { Code = (int)code, Message = message }.WithTrace(TraceExtensions.CurrentId).ToByteArray());
}
