using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace Topfive.ServiceDefaults;

/// <summary>Marks an endpoint that answers by HTTP what an RPC answers by gRPC, and so is counted, and open or closed, as that one.</summary>
/// <param name="Path">/package.Service/Method.</param>
public sealed record RpcRoute(string Path)
{
    /// <returns>The RPC that a request calls, by its path or, from JSON, by the endpoint that it was routed to; null: it calls none.</returns>
    public static string? Of(HttpContext http)
    {
        if (HttpProtocol.IsHttp2(http.Request.Protocol)) return http.Request.Path.Value;
        var metadata = http.GetEndpoint()?.Metadata;
        return metadata?.GetMetadata<RpcRoute>()?.Path ?? metadata?.GetMetadata<GrpcMethodMetadata>()?.Method.FullName;
    }
}
