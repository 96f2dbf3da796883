using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Topfive.Consoles;

/// <summary>
/// Keeps other sites' pages from driving the console with the browser of somebody who may: by a name of theirs that points here (DNS rebinding), by
/// a connection across sites, in a frame, or with a script of theirs.
/// </summary>
internal sealed class ConsoleGuard(RequestDelegate next, IOptions<ConsoleOptions> options, IHostApplicationLifetime lifetime) : IDisposable
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        + "base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private readonly string[] _names = options.Value.AllowedHostNames;
    private readonly SemaphoreSlim _pages = new(options.Value.MaxPages);

    public Task InvokeAsync(HttpContext http)
    {
        if (!ConsolePath.Has(http.Request.Path)) return next(http);
        // The gRPC port has no pages.
        if (!HttpProtocol.IsHttp11(http.Request.Protocol)) return RefuseAsync(http, StatusCodes.Status404NotFound, "");
        if (!IsOwnName(http.Request.Host.Host))
        {
            return RefuseAsync(http, StatusCodes.Status421MisdirectedRequest,
                $"The console answers to localhost and to IP addresses, and this was sent to '{http.Request.Host.Host}': name it in Console__AllowedHosts if it is yours.");
        }

        if (IsOfAnotherSite(http.Request)) return RefuseAsync(http, StatusCodes.Status403Forbidden, "The console takes no requests from other sites' pages.");

        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        return IsOpenPage(http.Request) ? HoldAsync(http) : next(http);
    }

    public void Dispose() => _pages.Dispose();

    /// <summary>An address cannot be made to point elsewhere; a name can, by whoever owns it.</summary>
    private bool IsOwnName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host.Trim('[', ']'), out _)
        || _names.Contains(host, StringComparer.OrdinalIgnoreCase);

    /// <summary>Browsers say where a connection, and everything but the reading of a page, comes from. What a page may read across sites is decided by them.</summary>
    private static bool IsOfAnotherSite(HttpRequest request) => request.Headers.Origin.Any(origin =>
        !Uri.TryCreate(origin, UriKind.Absolute, out var site) || !site.Authority.Equals(Authority(request, site), StringComparison.OrdinalIgnoreCase));

    /// <summary>As a URI has it: without the port that its scheme means anyway.</summary>
    private static string Authority(HttpRequest request, Uri site) =>
        Uri.TryCreate($"{site.Scheme}://{request.Host.Value}", UriKind.Absolute, out var own) ? own.Authority : "";

    /// <summary>Its socket, or what it has in place of one: a request that lasts as long as the page is open.</summary>
    private static bool IsOpenPage(HttpRequest request) => request.Path == "/_blazor" && HttpMethods.IsGet(request.Method);

    private async Task HoldAsync(HttpContext http)
    {
        if (!_pages.Wait(0))
        {
            await RefuseAsync(http, StatusCodes.Status503ServiceUnavailable, "More pages are open than Console__MaxPages allows.");
            return;
        }

        try
        {
            // A page connects again at once when its connection is closed: one that came so late would keep the Gateway from stopping.
            using var stopping = lifetime.ApplicationStopping.Register(http.Abort);
            await next(http);
        }
        finally
        {
            _pages.Release();
        }
    }

    private static Task RefuseAsync(HttpContext http, int status, string message)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(message);
    }
}
