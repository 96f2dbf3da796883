using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Topfive.FeatureStore;

namespace Topfive.ServiceDefaults;

/// <summary>Around every call, by gRPC or by JSON, whoever answers it: the service, the one that it is forwarded to, or a guard that refuses it.</summary>
internal sealed class CallWatch(RequestDelegate next, CallMetrics metrics)
{
    public Task InvokeAsync(HttpContext http)
    {
        if (KnownMethod.Of(http) is { } method) return WatchAsync(http, method);
        // Probes and scrapes, every few seconds: nobody looks for their traces.
        Spans.Forget();
        return next(http);
    }

    private async Task WatchAsync(HttpContext http, KnownMethod method)
    {
        if (method.IsProbe) Spans.Forget();
        var began = Stopwatch.GetTimestamp();
        metrics.Begin();
        try
        {
            await next(http);
        }
        finally
        {
            var answer = AnswerOf(http);
            var status = int.TryParse(answer?["grpc-status"].ToString(), out var code) ? (StatusCode)code
                : http.RequestAborted.IsCancellationRequested ? StatusCode.Cancelled
                : !HttpProtocol.IsHttp2(http.Request.Protocol) ? HttpStatus.ToCode(http.Response.StatusCode)
                : StatusCode.Unknown;
            metrics.End(method, status, Stopwatch.GetElapsedTime(began));
            if (status != StatusCode.OK && answer is not null) AddTrace(answer, status);
            if (Spans.OfThisCall is { } span) Describe(span, method, status);
        }
    }

    /// <returns>Where the status stands: in the trailers, or in the headers of an answer that has nothing else; null: nowhere.</returns>
    private static IHeaderDictionary? AnswerOf(HttpContext http) =>
        http.Features.Get<IHttpResponseTrailersFeature>()?.Trailers is { } trailers && trailers.ContainsKey("grpc-status") ? trailers
        : http.Response.Headers.ContainsKey("grpc-status") ? http.Response.Headers
        : null;

    /// <summary>To a status that gRPC itself made: an unknown method, a message that cannot be read. One after a deadline has been sent already.</summary>
    private static void AddTrace(IHeaderDictionary answer, StatusCode status)
    {
        if (answer.IsReadOnly || answer.ContainsKey(StatusDetails.Name)) return;
        answer[StatusDetails.Name] = StatusDetails.Of(status, Uri.UnescapeDataString(answer["grpc-message"].ToString()));
    }

    private static void Describe(Activity span, KnownMethod method, StatusCode status)
    {
        span.DisplayName = method.Name;
        span.SetTag("rpc.system.name", "grpc");
        span.SetTag("rpc.method", method.Name);
        span.SetTag("rpc.response.status_code", StatusName.Of(status));
        // What the caller did wrong is no error of the service.
        if (status is StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Unimplemented or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss)
        {
            span.SetStatus(ActivityStatusCode.Error);
            span.SetTag("error.type", StatusName.Of(status));
        }

        StoreSpans.Complete(span);
    }
}
