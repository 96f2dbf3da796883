using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Topfive.ServiceDefaults;

/// <summary>
/// The HTTP port asks nobody who they are, and so has nothing but health and metrics on it. It speaks HTTP/1.1 and the gRPC
/// port HTTP/2, by which they are told apart.
/// </summary>
internal static class HttpPortGuard
{
    public static void UseHttpPortGuard(this WebApplication app) => app.Use((http, next) =>
    {
        if (!HttpProtocol.IsHttp2(http.Request.Protocol) && !IsOpen(http.Request.Path))
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return next(http);
    });

    private static bool IsOpen(PathString path) => path.StartsWithSegments("/healthz") || path.StartsWithSegments("/metrics");
}
