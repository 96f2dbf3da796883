using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Topfive.ServiceDefaults;

/// <summary>Around every gRPC call, whoever answers it: the service, the one that it is forwarded to, or a guard that refuses it.</summary>
internal sealed class CallWatch(RequestDelegate next, CallMetrics metrics)
{
    public Task InvokeAsync(HttpContext http) => KnownMethod.Of(http.Request) is { } method ? WatchAsync(http, method) : next(http);

    private async Task WatchAsync(HttpContext http, KnownMethod method)
    {
        var began = Stopwatch.GetTimestamp();
        metrics.Begin();
        try
        {
            await next(http);
        }
        finally
        {
            metrics.End(method, StatusOf(http), Stopwatch.GetElapsedTime(began));
        }
    }

    /// <summary>Where it stands: in the trailers, or in the headers of an answer that has nothing else.</summary>
    private static StatusCode StatusOf(HttpContext http)
    {
        var status = http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers["grpc-status"].ToString() is { Length: > 0 } trailer
            ? trailer
            : http.Response.Headers["grpc-status"].ToString();
        return int.TryParse(status, out var code) ? (StatusCode)code
            : http.RequestAborted.IsCancellationRequested ? StatusCode.Cancelled
            : StatusCode.Unknown;
    }
}
