using System.Net;
using System.Numerics.Tensors;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class StartTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Vectors_survive_a_restart_and_the_backbone_is_announced()
    {
        var image = ByteString.CopyFrom(Some.NewImage());
        ExtractResponse before;
        await using (var first = await StartAsync())
        {
            before = await first.Client.ExtractAsync(new ExtractRequest { Image = image });
        }

        await using var second = await StartAsync();
        var after = await second.Client.ExtractAsync(new ExtractRequest { Image = image });

        Assert.Equal(Source.Store, after.Source);
        Assert.Equal(before.Vector, after.Vector);
        var announced = await second.App.Services.GetRequiredService<BackboneRegistry>().CurrentAsync();
        Assert.Equal(new BackboneRecord(before.BackboneFingerprint, "inception_v3", 2048), announced);
    }

    [Fact]
    public async Task Without_a_store_images_are_computed_and_answered_unless_the_vector_is_omitted()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var service = await StartAsync(("Store:ConnectionString", redis.ConnectionString));
        await redis.KillAsync();
        var image = ByteString.CopyFrom(Some.NewImage());

        var response = await service.Client.ExtractAsync(new ExtractRequest { Image = image });
        Assert.Equal((Source.Computed, 2048), (response.Source, response.Vector.Count));

        var omitted = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest { Image = image, OmitVector = true }));
        Assert.Equal(StatusCode.Unavailable, omitted.StatusCode);
        Assert.Contains("Store__ConnectionString", omitted.Detail);

        using var http = new HttpClient();
        var ready = await http.GetAsync(new Uri(service.App.HttpAddress(), "/healthz/ready"));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        Assert.Contains("\"store\":{\"status\":\"Degraded\"", await ready.Content.ReadAsStringAsync());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await service.Health.CheckAsync(new HealthCheckRequest())).Status);
        var scrape = await Scrape.OfAsync(service.App.HttpAddress());
        Assert.Equal((0, 1), (scrape.Sum("topfive_store_connected"), scrape.Sum("topfive_feature_images_total", ("topfive_source", "computed"))));
        Assert.Equal(4, scrape.Sum("db_client_operation_duration_seconds_count", ("db_operation_name", "GET"), ("error_type", "connection")));

        var byHash = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash([1]) }));
        Assert.Equal(StatusCode.Unavailable, byHash.StatusCode);
    }

    [Fact]
    public async Task An_int8_backbone_serves_vectors_under_a_fingerprint_of_its_own()
    {
        var source = await TestBackbone.ModelAsync();
        var model = BackboneQuantizer.Quantize(source, [GoldenImage.Pixels()], _directory.File("int8.onnx"));

        await using var service = await StartAsync(("Backbone:Model", _directory.File("int8.onnx")));
        var response = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Some.NewImage()) });

        Assert.Equal((model.Fingerprint, 2048), (response.BackboneFingerprint, response.Vector.Count));
        Assert.NotEqual(BackboneFile.Read(source).Fingerprint, response.BackboneFingerprint);
        Assert.Equal("int8", (await service.Client.GetBackboneAsync(new GetBackboneRequest())).Precision);
    }

    [Fact]
    public async Task A_backbone_for_gpus_serves_float32_vectors_on_cpu_near_those_of_its_source()
    {
        var source = await TestBackbone.ModelAsync();
        var model = BackboneConverter.Convert(source, "fp16", PixelType.Bytes, _directory.File("converted.onnx"));
        var image = ByteString.CopyFrom((await TestPhotos.AllAsync())[0].ReadBytes());

        await using var service = await StartAsync(("Backbone:Model", _directory.File("converted.onnx")), ("Backbone:Precision", "fp16"));
        var response = await service.Client.ExtractAsync(new ExtractRequest { Image = image });
        var backbone = await service.Client.GetBackboneAsync(new GetBackboneRequest());

        Assert.Equal((model.Fingerprint, "fp16", model.Preprocessing, "cpu"), (response.BackboneFingerprint, backbone.Precision, backbone.Preprocessing, backbone.Device));
        await using var reference = await StartAsync(("Store:DataDirectory", _directory.File("other")));
        var expected = await reference.Client.ExtractAsync(new ExtractRequest { Image = image });
        Assert.InRange(TensorPrimitives.CosineSimilarity<float>(expected.Vector.ToArray(), response.Vector.ToArray()), 0.9995f, 1.0001f);
    }

    [Fact]
    public async Task Reduced_decoding_is_a_backbone_of_its_own_in_the_reply_the_store_and_the_registry()
    {
        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        var image = ByteString.CopyFrom(Some.NewImage());
        Backbone exact;
        await using (var service = await StartAsync(("Backbone:Model", model)))
        {
            exact = await service.Client.GetBackboneAsync(new GetBackboneRequest());
            await service.Client.ExtractAsync(new ExtractRequest { Image = image });
        }

        await using var reduced = await StartAsync(("Backbone:Model", model), ("Decoding:Preprocessing", "reduced"));
        var backbone = await reduced.Client.GetBackboneAsync(new GetBackboneRequest());
        var response = await reduced.Client.ExtractAsync(new ExtractRequest { Image = image });

        Assert.Equal(BackboneFile.Read(model).Fingerprint, exact.Fingerprint);
        Assert.Equal(BackboneFile.Read(model).WithReducedDecoding().Fingerprint, backbone.Fingerprint);
        Assert.NotEqual(exact.Fingerprint, backbone.Fingerprint);
        Assert.StartsWith(exact.Preprocessing + "; JPEG decoded at", backbone.Preprocessing);
        Assert.Equal((backbone.Fingerprint, Source.Computed), (response.BackboneFingerprint, response.Source));
        Assert.Equal(backbone.Fingerprint, (await reduced.App.Services.GetRequiredService<BackboneRegistry>().CurrentAsync())?.Fingerprint);
    }

    [Fact]
    public async Task Golden_vectors_of_bytes_may_differ_by_what_a_last_bit_does_and_not_by_what_quantizing_does()
    {
        var source = BackboneFile.Read(await TestBackbone.ModelAsync());
        var quantized = source with { Precision = "int8" };
        float[] Changed(float part) => [.. source.GoldenVector.Select((value, i) => value * (i % 2 == 0 ? 1 + part : 1 - part))];

        Assert.True(GoldenCheck.Compare(Changed(0.01f), quantized).Passes);
        Assert.False(GoldenCheck.Compare(Changed(0.01f), source).Passes);
        Assert.False(GoldenCheck.Compare(Changed(0.035f), quantized).Passes);
    }

    [Fact]
    public async Task A_missing_model_stops_the_service_and_says_what_to_do() =>
        await StopsAsync("topfive up", ("Backbone:Model", _directory.File("none.onnx")), _directory.File("none.onnx"));

    [Fact]
    public async Task A_file_that_is_no_model_stops_the_service()
    {
        var path = _directory.File("text.onnx");
        await File.WriteAllTextAsync(path, "this is no model");

        await StopsAsync(path, ("Backbone:Model", path));
    }

    [Fact]
    public async Task A_wrong_golden_vector_stops_the_service_with_the_file_and_the_difference()
    {
        var path = _directory.File("wrong.onnx");
        var model = await File.ReadAllBytesAsync(await TestBackbone.ModelAsync());
        // Metadata in base64: another first digit changes the first numbers and nothing else.
        var at = model.AsSpan().IndexOf("topfive.golden_vector"u8) + 300;
        "zzzz"u8.CopyTo(model.AsSpan(at));
        await File.WriteAllBytesAsync(path, model);

        await StopsAsync("golden vector", ("Backbone:Model", path), path, "cosine", "largest difference");
    }

    [Fact]
    public Task A_gpu_that_is_demanded_and_not_there_stops_the_service_with_the_reason_and_what_to_do() =>
        StopsAsync("Backbone__Device is cuda:0, but no provider library found", ("Backbone:Device", "cuda:0"), "-p:Accelerator=cuda", "choose auto or cpu");

    [Fact]
    public Task Another_precision_than_the_files_is_refused() => StopsAsync("Backbone__Precision is int8", ("Backbone:Precision", "int8"), "is fp32");

    [Theory]
    [InlineData("Backbone:Device", "gpu", "Backbone__Device")]
    [InlineData("Backbone:Device", "cuda:0,cuda", "Backbone__Device")]
    [InlineData("Decoding:Preprocessing", "fast", "Decoding__Preprocessing is exact or reduced")]
    [InlineData("Batching:MaxBatchSize", "0", "MaxBatchSize")]
    [InlineData("Batching:QueueCapacity", "-1", "QueueCapacity")]
    public async Task A_wrong_setting_stops_the_start_with_its_name(string setting, string value, string named)
    {
        var exception = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync((setting, value)));

        Assert.Contains(named, exception.Message);
    }

    [Fact]
    public void Until_it_is_ready_the_backbone_is_unavailable_and_not_healthy()
    {
        var state = new BackboneState();

        var failure = Assert.Throws<ServiceDefaults.Failure>(state.Require);

        Assert.Equal(ServiceDefaults.FailureKind.Unavailable, failure.Kind);
        Assert.Contains("warming up", failure.Message);
    }

    private Task<ServiceInstance> StartAsync(params (string Name, string Value)[] settings) => ServiceInstance.StartAsync(Settings(settings));

    private Dictionary<string, string?> Settings(params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string?> { ["Store:DataDirectory"] = _directory.File("store") };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        return all;
    }

    private async Task StopsAsync(string message, (string, string) setting, params string[] more)
    {
        await using var app = FeatureServiceHost.Build([], await ServiceInstance.SettingsAsync(Settings(setting)));
        var stopping = new TaskCompletionSource();
        app.Lifetime.ApplicationStopping.Register(stopping.SetResult);

        await app.StartAsync();

        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => FeatureServiceHost.ReadyAsync(app));
        Assert.All([message, .. more], part => Assert.Contains(part, exception.Message));
        await stopping.Task.WaitAsync(TimeSpan.FromSeconds(20));
        await app.StopAsync();
    }
}
