using System.Text.Json;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Reflection.V1Alpha;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class ForwardingTests
{
    [Fact]
    public async Task A_forwarded_call_answers_as_the_service_itself_would()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var backbone = await new FeatureExtraction.FeatureExtractionClient(gateway.Channel).GetBackboneAsync(new GetBackboneRequest());
        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Datasets.DatasetsClient(gateway.Channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }));
        using var adding = new Datasets.DatasetsClient(gateway.Channel).AddExamples();
        await adding.RequestStream.WriteAsync(new Example { Dataset = "dogs" });
        await adding.RequestStream.WriteAsync(new Example { Dataset = "dogs" });
        await adding.RequestStream.CompleteAsync();

        Assert.Equal(FakeDownstreams.Fingerprint, backbone.Fingerprint);
        Assert.Equal((StatusCode.NotFound, "dataset 'dogs' is unknown"), (error.StatusCode, error.Status.Detail));
        Assert.Equal(2, (await adding).Added);
    }

    [Fact]
    public async Task A_method_that_the_service_lacks_is_unimplemented()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Heads.HeadsClient(gateway.Channel).RollbackAsync(new RollbackRequest()));

        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
    }

    [Fact]
    public async Task A_stream_whose_caller_sends_nothing_yet_reaches_the_service()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var stream = new Classification.ClassificationClient(gateway.Channel).ClassifyStream(deadline: DateTime.UtcNow.AddSeconds(20));

        var error = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.Unimplemented, error.StatusCode);
    }

    [Fact]
    public async Task A_missing_downstream_is_named_in_the_error_and_in_health()
    {
        await using var gateway = await RunningGateway.StartAsync(("Services:Classifier", "http://127.0.0.1:1"));
        var health = new Health.HealthClient(gateway.Channel);
        using var http = new HttpClient();

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Datasets.DatasetsClient(gateway.Channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }));
        var overall = await health.CheckAsync(new HealthCheckRequest());
        var process = await health.CheckAsync(new HealthCheckRequest { Service = "live" });
        var ready = await http.GetAsync(new Uri(gateway.Gateway.HttpAddress(), "/healthz/ready"));
        var live = await http.GetAsync(new Uri(gateway.Gateway.HttpAddress(), "/healthz/live"));
        using var report = JsonDocument.Parse(await ready.Content.ReadAsStringAsync());

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains("ClassifierService at http://127.0.0.1:1 does not answer", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, overall.Status);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, process.Status);
        Assert.Equal(503, (int)ready.StatusCode);
        Assert.Equal(200, (int)live.StatusCode);
        var checks = report.RootElement.GetProperty("checks");
        Assert.Equal("Unhealthy", checks.GetProperty("classifier").GetProperty("status").GetString());
        Assert.Contains("127.0.0.1:1", checks.GetProperty("classifier").GetProperty("description").GetString()!, StringComparison.Ordinal);
        Assert.Equal("Healthy", checks.GetProperty("features").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Without_FeatureService_the_gateway_is_degraded_and_serves()
    {
        await using var gateway = await RunningGateway.StartAsync(("Services:Features", "http://127.0.0.1:1"));
        using var http = new HttpClient();

        var overall = await new Health.HealthClient(gateway.Channel).CheckAsync(new HealthCheckRequest());
        var ready = await http.GetAsync(new Uri(gateway.Gateway.HttpAddress(), "/healthz/ready"));
        using var report = JsonDocument.Parse(await ready.Content.ReadAsStringAsync());

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, overall.Status);
        Assert.Equal((200, "Degraded"), ((int)ready.StatusCode, report.RootElement.GetProperty("status").GetString()));
        var features = report.RootElement.GetProperty("checks").GetProperty("features");
        Assert.Equal("Degraded", features.GetProperty("status").GetString());
        Assert.Contains("FeatureService at http://127.0.0.1:1 does not answer", features.GetProperty("description").GetString()!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reflection_lists_the_forwarded_services_too()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var stream = new ServerReflection.ServerReflectionClient(gateway.Channel).ServerReflectionInfo();

        await stream.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));

        var names = stream.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name);
        Assert.Superset(new HashSet<string>
        {
            "topfive.gateway.v1.Prediction", "topfive.gateway.v1.Ingestion", "topfive.classifier.v1.Datasets",
            "topfive.classifier.v1.Training", "topfive.classifier.v1.Heads", "topfive.features.v1.FeatureExtraction",
        }, names.ToHashSet());
    }

    [Fact]
    public async Task A_200_MB_message_is_refused_with_its_size_and_the_limit_before_it_is_read()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var huge = UnsafeByteOperations.UnsafeWrap(new byte[200_000_000]);

        var predict = await Assert.ThrowsAsync<RpcException>(async () =>
            await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = huge }));
        var forwarded = await Assert.ThrowsAsync<RpcException>(async () =>
            await new FeatureExtraction.FeatureExtractionClient(gateway.Channel).ExtractAsync(new ExtractRequest { Image = huge }));

        foreach (var error in new[] { predict, forwarded })
        {
            Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
            Assert.Contains("200,000,0", error.Status.Detail, StringComparison.Ordinal);
            Assert.Contains("an image: 33,554,432, Limits__MaxImageBytes", error.Status.Detail, StringComparison.Ordinal);
        }

        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });
    }
}
