using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Topfive.EndToEnd.Tests.Otlp;

namespace Topfive.EndToEnd.Tests;

/// <summary>A span as it came.</summary>
internal sealed record ReceivedSpan(string Service, string TraceId, string Id, string ParentId, string Name, IReadOnlyDictionary<string, string> Attributes);

/// <summary>Takes what services send by OTLP over HTTP, as a collector does.</summary>
internal sealed class Collector : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Collector(WebApplication app) => _app = app;

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    /// <summary>Service, metric and its unit.</summary>
    public ConcurrentDictionary<(string Service, string Metric, string Unit), bool> Metrics { get; } = new();

    /// <summary>Exports of log lines.</summary>
    public int Logs;

    /// <summary>For OTEL_EXPORTER_OTLP_ENDPOINT.</summary>
    public string Address => _app.Urls.Single();

    public static async Task<Collector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var collector = new Collector(builder.Build());
        collector._app.MapPost("/v1/traces", async http => collector.Add(ExportTraces.Parser.ParseFrom(await BodyAsync(http))));
        collector._app.MapPost("/v1/metrics", async http => collector.Add(ExportMetrics.Parser.ParseFrom(await BodyAsync(http))));
        collector._app.MapPost("/v1/logs", () => { Interlocked.Increment(ref collector.Logs); });
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>Waits until the spans of a trace are as they should be, which takes as long as the services take to send them.</summary>
    public async Task<List<ReceivedSpan>> TraceAsync(string traceId, Func<List<ReceivedSpan>, bool> isWhole)
    {
        for (var patience = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            var spans = Spans.Where(span => span.TraceId == traceId).ToList();
            if (isWhole(spans)) return spans;
            if (DateTime.UtcNow > patience)
            {
                throw new TimeoutException($"30 s later trace {traceId} has:\n{string.Join('\n', spans.Select(span => $"{span.Service}: {span.Name}"))}");
            }
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Add(ExportTraces export)
    {
        foreach (var resource in export.ResourceSpans)
        {
            foreach (var span in resource.ScopeSpans.SelectMany(scope => scope.Spans))
            {
                Spans.Enqueue(new(ServiceOf(resource.Resource), Hex(span.TraceId), Hex(span.SpanId), Hex(span.ParentSpanId), span.Name, Read(span.Attributes)));
            }
        }
    }

    private void Add(ExportMetrics export)
    {
        foreach (var resource in export.ResourceMetrics)
        {
            foreach (var metric in resource.ScopeMetrics.SelectMany(scope => scope.Metrics))
            {
                Metrics[(ServiceOf(resource.Resource), metric.Name, metric.Unit)] = true;
            }
        }
    }

    private static async Task<byte[]> BodyAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private static string ServiceOf(Resource resource) => Read(resource.Attributes)["service.name"];

    private static Dictionary<string, string> Read(RepeatedField<KeyValue> attributes) => attributes.ToDictionary(
        attribute => attribute.Key,
        attribute => attribute.Value.ValueCase == AnyValue.ValueOneofCase.StringValue ? attribute.Value.StringValue : $"{attribute.Value}");

    private static string Hex(ByteString bytes) => Convert.ToHexStringLower(bytes.Span);
}
