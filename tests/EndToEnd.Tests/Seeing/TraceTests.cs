using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

public sealed class TraceTests(TracedCluster topfive) : IClassFixture<TracedCluster>
{
    private static readonly string[] Services = ["topfive-classifier-service", "topfive-feature-service", "topfive-gateway"];

    [Fact]
    public async Task The_id_in_an_error_finds_the_spans_of_every_service_and_of_the_store()
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await new Prediction.PredictionClient(topfive.Channel).PredictAsync(
            new PredictRequest { Head = TracedCluster.Head, Image = ByteString.CopyFromUtf8("this is no image") }));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);

        var spans = await topfive.Collector.TraceAsync(IdOf(error.GetRpcStatus()), spans =>
            spans.Select(span => span.Service).Distinct().Count() == 3 && spans.Any(span => span.Name == "topfive.gateway.v1.Prediction/Predict"));

        Assert.Equal(Services, spans.Select(span => span.Service).Distinct().Order());
        var calls = spans.Where(span => span.Attributes.ContainsKey("rpc.method")).ToDictionary(span => span.Name, span => span.Attributes["rpc.response.status_code"]);
        Assert.Equal(new Dictionary<string, string>
        {
            ["topfive.gateway.v1.Prediction/Predict"] = "INVALID_ARGUMENT",
            ["topfive.classifier.v1.Classification/Classify"] = "NOT_FOUND",
            ["topfive.features.v1.FeatureExtraction/Extract"] = "INVALID_ARGUMENT",
        }, calls);
        var stores = spans.Where(span => span.Attributes.GetValueOrDefault("db.system.name") == "redis").ToList();
        Assert.Equal(["topfive-classifier-service", "topfive-feature-service"], stores.Select(span => span.Service).Distinct().Order());
        Assert.Contains(stores, span => span.Attributes["db.operation.name"] == "GET" && span.Name == "GET");

        // One tree: every span's parent is there, but for the first.
        var root = Assert.Single(spans, span => spans.All(other => other.Id != span.ParentId));
        Assert.Equal("topfive.gateway.v1.Prediction/Predict", root.Name);
    }

    [Fact]
    public async Task The_items_of_a_stream_have_the_streams_id_in_their_errors_and_no_spans_of_their_own()
    {
        using var stream = new Prediction.PredictionClient(topfive.Channel).PredictStream();
        for (var i = 0; i < 10; i++)
        {
            await stream.RequestStream.WriteAsync(new PredictStreamRequest { Id = $"{i}", Head = TracedCluster.Head, Image = ByteString.CopyFromUtf8($"no image {i}") });
        }

        await stream.RequestStream.CompleteAsync();
        var ids = await stream.ResponseStream.ReadAllAsync().Select(answer => IdOf(answer.Error)).Distinct().ToListAsync();
        var id = Assert.Single(ids);

        // What was sent later has come: so would have what is not to come.
        var later = await Assert.ThrowsAsync<RpcException>(async () =>
            await new FeatureExtraction.FeatureExtractionClient(topfive.Channel).ExtractAsync(new ExtractRequest { Image = ByteString.CopyFromUtf8("no image") }));
        await topfive.Collector.TraceAsync(IdOf(later.GetRpcStatus()), spans => spans.Select(span => span.Service).Distinct().Count() == 2);
        var spans = await topfive.Collector.TraceAsync(id, spans => spans.Count > 0);

        Assert.Equal(["topfive.gateway.v1.Prediction/PredictStream"], spans.Select(span => span.Name));
    }

    [Fact]
    public async Task Metrics_and_log_lines_reach_the_collector_with_the_services_name()
    {
        for (var patience = DateTime.UtcNow.AddSeconds(30); DateTime.UtcNow < patience; await Task.Delay(100))
        {
            if (Services.All(service => topfive.Collector.Metrics.ContainsKey((service, "topfive.health", ""))) && topfive.Collector.Logs > 0) break;
        }

        Assert.All(Services, service => Assert.Contains((service, "topfive.health", ""), topfive.Collector.Metrics.Keys));
        Assert.Contains(("topfive-gateway", "rpc.server.call.duration", "s"), topfive.Collector.Metrics.Keys);
        Assert.NotEqual(0, topfive.Collector.Logs);
        // Probes and scrapes are not traced, and Gateway and health look every few seconds.
        Assert.DoesNotContain(topfive.Collector.Spans, span => span.Name.Contains("ealth", StringComparison.Ordinal));
    }

    private static string IdOf(Google.Rpc.Status? status) => status?.GetDetail<RequestInfo>()?.RequestId ?? "no id";
}
