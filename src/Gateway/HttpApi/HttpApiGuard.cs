using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Before anything of a JSON call is read: is there such a path, is it no page of another origin that calls, and is the body within the limit?</summary>
internal static class HttpApiGuard
{
    public static void UseHttpApiGuard(this WebApplication app)
    {
        var limits = app.Services.GetRequiredService<IOptions<LimitOptions>>().Value;
        app.Use((http, next) => HttpProtocol.IsHttp2(http.Request.Protocol) || !http.Request.Path.StartsWithSegments(HttpApiRoom.Prefix)
            ? next(http)
            : AdmitAsync(http, next, limits));
    }

    private static async Task AdmitAsync(HttpContext http, RequestDelegate next, LimitOptions limits)
    {
        http.Response.Headers["trace-id"] = JsonAnswers.TraceId;
        if (RpcRoute.Of(http) is null)
        {
            await http.RefuseAsync(Failure.NotFound($"there is no {http.Request.Method} {http.Request.Path}; {HttpApiRoom.DocumentPath} lists what there is"));
            return;
        }

        // A browser says so, and without CORS it would hide the answer, but not keep the call back.
        if (http.Request.Headers["sec-fetch-site"] is [not ("same-origin" or "none")])
        {
            await http.RefuseAsync(Failure.PermissionDenied("a web page of another origin calls, and there is no CORS"));
            return;
        }

        // As JSON, an image is a third longer.
        var most = http.Request.HasJsonContentType() ? (long)limits.MaxMessageBytes * 4 / 3 : limits.MaxMessageBytes;
        if (http.Request.ContentLength > most)
        {
            await http.RefuseAsync(TooLong(most, limits), StatusCodes.Status413PayloadTooLarge);
            return;
        }

        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        http.Response.OnStarting(SayWhenToTryAgain, http.Response);
        try
        {
            await next(http);
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge && !http.Response.HasStarted)
        {
            await http.RefuseAsync(TooLong(most, limits), StatusCodes.Status413PayloadTooLarge);
        }
    }

    private static Failure TooLong(long most, LimitOptions limits) =>
        Failure.InvalidInput($"the body has more than {most:N0} bytes, which is the limit (an image: {limits.MaxImageBytes:N0}, Limits__MaxImageBytes)");

    private static Task SayWhenToTryAgain(object state)
    {
        var response = (HttpResponse)state;
        if (response.StatusCode is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable && response.Headers.RetryAfter.Count == 0)
        {
            response.Headers.RetryAfter = "1";
        }

        return Task.CompletedTask;
    }
}
