using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class MetricsTests
{
    private const string Duration = "rpc_server_call_duration_seconds_count";

    [Fact]
    public async Task Calls_are_counted_by_method_and_status_whoever_answered_them()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var image = ByteString.CopyFromUtf8("photo");

        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = image });
        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = image });
        await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "unknown", Image = image }));
        await Assert.ThrowsAsync<RpcException>(async () =>
            await new Datasets.DatasetsClient(gateway.Channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }));
        var scrape = await UntilAsync(gateway.Gateway, scrape => scrape.Sum(Duration) == 4);

        Assert.Equal(2, scrape.Sum(Duration, ("rpc_method", "topfive.gateway.v1.Prediction/Predict"), ("rpc_response_status_code", "OK")));
        Assert.Equal(1, scrape.Sum(Duration, ("rpc_method", "topfive.gateway.v1.Prediction/Predict"), ("rpc_response_status_code", "NOT_FOUND")));
        Assert.Equal(1, scrape.Sum(Duration, ("rpc_method", "topfive.classifier.v1.Datasets/GetDataset"), ("rpc_response_status_code", "NOT_FOUND")));
        Assert.Equal(0, scrape.Sum("topfive_calls_in_flight"));
    }

    [Fact]
    public async Task Calls_by_json_are_counted_as_the_rpc_that_they_stand_for()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = HttpApiTests.Client(gateway);

        await http.GetAsync(HttpApiTests.Path("/v1/heads"));
        await http.PostAsync(HttpApiTests.Path("/v1/predict/cars"), HttpApiTests.Form("photo"));
        var scrape = await UntilAsync(gateway.Gateway, scrape => scrape.Sum(Duration) == 2);

        Assert.Equal(1, scrape.Sum(Duration, ("rpc_method", "topfive.classifier.v1.Heads/ListHeads"), ("rpc_response_status_code", "OK")));
        Assert.Equal(1, scrape.Sum(Duration, ("rpc_method", "topfive.gateway.v1.Prediction/Predict"), ("rpc_response_status_code", "NOT_FOUND")));
    }

    [Fact]
    public async Task A_call_shows_as_in_flight_until_it_ends_and_a_cancelled_one_ends_as_cancelled()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var cancel = new CancellationTokenSource();

        var call = gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("slow") }, cancellationToken: cancel.Token);
        await UntilAsync(gateway.Gateway, scrape => scrape.Sum("topfive_calls_in_flight") == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(async () => await call);

        await UntilAsync(gateway.Gateway, scrape => scrape.Sum("topfive_calls_in_flight") == 0 && scrape.Sum(Duration, ("rpc_response_status_code", "CANCELLED")) == 1);
    }

    [Fact]
    public async Task Services_in_one_process_show_the_calls_that_each_of_them_answered()
    {
        await using var gateway = await RunningGateway.StartAsync();

        await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("photo") });
        // Behind: asked by hash, which it does not know, then to extract, then to classify the vector.
        var front = await UntilAsync(gateway.Gateway, scrape => scrape.Sum(Duration) == 1);
        var behind = await UntilAsync(gateway.Downstream, scrape => scrape.Sum(Duration) == 3);

        Assert.Equal((1, 0), (front.Sum(Duration, ("rpc_method", "topfive.gateway.v1.Prediction/Predict")), front.Sum(Duration, ("rpc_method", "topfive.features.v1.FeatureExtraction/Extract"))));
        Assert.Equal((0, 1), (behind.Sum(Duration, ("rpc_method", "topfive.gateway.v1.Prediction/Predict")), behind.Sum(Duration, ("rpc_method", "topfive.features.v1.FeatureExtraction/Extract"))));
        Assert.Equal(1, front.Sum("target_info", ("service_name", "topfive-gateway"), ("service_namespace", "topfive")));
    }

    [Fact]
    public async Task Paths_that_a_stranger_makes_up_make_one_series()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var marshaller = Marshallers.Create(_ => Array.Empty<byte>(), _ => "");

        for (var i = 0; i < 10; i++)
        {
            var madeUp = new Method<string, string>(MethodType.Unary, $"made.up.Service{i}", "Do", marshaller, marshaller);
            await Assert.ThrowsAsync<RpcException>(async () => await gateway.Channel.CreateCallInvoker().AsyncUnaryCall(madeUp, null, default, ""));
        }

        var scrape = await UntilAsync(gateway.Gateway, scrape => scrape.Sum(Duration) == 10);
        Assert.Equal(["_OTHER"], scrape.Samples.Where(sample => sample.Name == Duration).Select(sample => sample.Labels["rpc_method"]));
        Assert.Equal(10, scrape.Sum(Duration, ("rpc_response_status_code", "UNIMPLEMENTED")));
        Assert.DoesNotContain("made.up", scrape.Text, StringComparison.Ordinal);
    }

    /// <summary>A call is counted when it has ended, which its caller may know a little before; and a scrape answers again what it found less than 0.3 s ago.</summary>
    private static async Task<Scrape> UntilAsync(WebApplication service, Func<Scrape, bool> holds)
    {
        for (var patience = DateTime.UtcNow.AddSeconds(20); ; await Task.Delay(50))
        {
            var scrape = await Scrape.OfAsync(service.HttpAddress());
            if (holds(scrape)) return scrape;
            Assert.True(DateTime.UtcNow < patience, $"it does not show in 20 s:\n{scrape.Text}");
        }
    }
}
