using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Topfive.ServiceDefaults;

/// <summary>
/// The HTTP port has nothing but health and metrics on it, for which nobody is asked who he is, and what a service opens there by name and looks after
/// itself. It speaks HTTP/1.1 and the gRPC port HTTP/2, by which they are told apart. It asks for no certificate: where
/// Security__ClientCa does, nothing more is opened, or it would be a way around that.
/// </summary>
internal static class HttpPortGuard
{
    /// <param name="app">The service.</param>
    /// <param name="more">Paths that the service has on the HTTP port, and on that alone, each with what lies below it; "/" alone.</param>
    public static void UseHttpPortGuard(this WebApplication app, IReadOnlyList<string> more)
    {
        var clientCa = app.Services.GetRequiredService<IOptions<SecurityOptions>>().Value.ClientCa;
        if (clientCa.Length > 0 && more.Count > 0)
        {
            app.Logger.LogInformation("{Paths} on the HTTP port are closed: callers must show certificates (Security__ClientCa), for which that port does not ask", string.Join(", ", more));
        }

        app.Use((http, next) =>
        {
            var path = http.Request.Path;
            var isMore = more.Any(own => own == "/" ? path == "/" : path.StartsWithSegments(own));
            if (HttpProtocol.IsHttp2(http.Request.Protocol) ? !isMore : IsOpen(path) || (isMore && clientCa.Length == 0)) return next(http);

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    private static bool IsOpen(PathString path) => path.StartsWithSegments("/healthz") || path.StartsWithSegments("/metrics");
}
