using Microsoft.AspNetCore.Http;

namespace Topfive.Consoles;

/// <summary>Where there is no console, its paths are not there.</summary>
internal sealed class ClosedConsole(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (!ConsolePath.Has(http.Request.Path)) return next(http);
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
