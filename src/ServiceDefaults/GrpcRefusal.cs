using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace Topfive.ServiceDefaults;

public static class GrpcRefusal
{
    /// <summary>Answers a gRPC request with a status alone ("trailers-only"), outside of any gRPC method.</summary>
    public static Task RefuseGrpcAsync(this HttpContext http, StatusCode code, string message)
    {
        http.Response.Clear();
        http.Response.StatusCode = StatusCodes.Status200OK;
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = ((int)code).ToString();
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(message);
        http.Response.Headers[StatusDetails.Name] = StatusDetails.Of(code, message);
        return http.Response.CompleteAsync();
    }
}
