using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Topfive.ServiceDefaults;

public static class GrpcRefusal
{
    /// <summary>Answers a gRPC request with a status alone ("trailers-only"), outside of any gRPC method.</summary>
    public static Task RefuseGrpcAsync(this HttpContext http, StatusCode code, string message) =>
        http.RefuseGrpcAsync(new Status { Code = (int)code, Message = message }.WithTrace(TraceExtensions.CurrentId));

    /// <summary>The same with what else a failure says: when to try again, for one.</summary>
    public static Task RefuseGrpcAsync(this HttpContext http, Failure failure) =>
        http.RefuseGrpcAsync(FailureTable.ToStatus(failure, TraceExtensions.CurrentId));

    private static Task RefuseGrpcAsync(this HttpContext http, Status status)
    {
        http.Response.Clear();
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = status.Code.ToString();
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(status.Message);
        http.Response.Headers[StatusDetails.Name] = Convert.ToBase64String(status.ToByteArray());
        return http.Response.CompleteAsync();
    }
}
