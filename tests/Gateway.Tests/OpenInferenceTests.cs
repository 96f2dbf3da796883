using Grpc.Core;
using Topfive.Inference.V2;
using Xunit;
using static Topfive.Gateway.Tests.InferenceCalls;

namespace Topfive.Gateway.Tests;

/// <summary>The Open Inference Protocol before fake services: shapes, contents, order.</summary>
public sealed class OpenInferenceTests
{
    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task Several_images_are_answered_in_their_order_from_raw_and_typed_contents_in_either_shape(bool raw, bool column)
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = Request("pets", raw, "one", "two", "three");
        if (column) request.Inputs[0].Shape.Add(1);
        request.Id = "mine";

        var answer = await ClientOf(gateway).ModelInferAsync(request);

        Assert.Equal(("pets", "3", "mine"), (answer.ModelName, answer.ModelVersion, answer.Id));
        var output = Assert.Single(answer.Outputs);
        Assert.Equal(("probabilities", "FP32", "3,2"), (output.Name, output.Datatype, string.Join(',', output.Shape)));
        Assert.Equal([1, 0.25f, 1, 0.25f, 1, 0.25f], Floats(answer));
        Assert.Equal(3, gateway.Fake.Extractions);
    }

    [Fact]
    public async Task The_backbone_answers_vectors_and_one_class_without_a_label()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var vectors = await ClientOf(gateway).ModelInferAsync(Request("backbone", true, "one", "two"));
        var asClasses = Request("backbone", true, "one");
        asClasses.Outputs.Add(Classification("vector", 5));

        Assert.Equal(("backbone", "1", "vector", "2,1"), (vectors.ModelName, vectors.ModelVersion, vectors.Outputs[0].Name, string.Join(',', vectors.Outputs[0].Shape)));
        Assert.Equal([1, 1], Floats(vectors));
        Assert.Equal(["1.000000:0"], Strings(await ClientOf(gateway).ModelInferAsync(asClasses)));
    }

    [Fact]
    public async Task Classification_answers_value_index_and_label_best_first_and_no_more_than_there_are()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = Request("pets", true, "one", "two");
        request.Outputs.Add(Classification("probabilities", 2_500));

        var answer = await ClientOf(gateway).ModelInferAsync(request);

        Assert.Equal(("BYTES", "2,2"), (answer.Outputs[0].Datatype, string.Join(',', answer.Outputs[0].Shape)));
        Assert.Equal(["1.000000:0:cat", "0.250000:1:ape", "1.000000:0:cat", "0.250000:1:ape"], Strings(answer));
    }

    [Fact]
    public async Task An_image_that_fails_fails_its_request_and_is_named_by_its_place()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var head = await RefusedAsync(gateway, Request("pets", true, "one", "xbad", "three"));
        var backbone = await RefusedAsync(gateway, Request("backbone", false, "one", "two", "xbad"));

        Assert.Equal((StatusCode.InvalidArgument, "element 1 of input 'image': not an image"), (head.StatusCode, head.Status.Detail));
        Assert.Equal((StatusCode.InvalidArgument, "element 2 of input 'image': not an image"), (backbone.StatusCode, backbone.Status.Detail));
    }

    [Fact]
    public async Task A_stream_answers_in_order_and_goes_on_after_an_error()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var stream = ClientOf(gateway).ModelStreamInfer();
        foreach (var (id, model, image) in new[] { ("1", "pets", "slow"), ("2", "cars", "one"), ("3", "pets", "xbad"), ("4", "pets", "one") })
        {
            var request = Request(model, true, image);
            request.Id = id;
            await stream.RequestStream.WriteAsync(request);
        }

        await stream.RequestStream.CompleteAsync();
        // The others are done before the first may go on.
        while (gateway.Fake.Asked < 3) await Task.Yield();
        gateway.Fake.Slow.SetResult();
        var answers = await stream.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.Equal(["1", "2", "3", "4"], answers.Select(answer => answer.InferResponse.Id));
        Assert.Equal(["", "Request for unknown model: 'cars' is not found", "element 0 of input 'image': not an image", ""], answers.Select(answer => answer.ErrorMessage));
        Assert.Equal([1, 0.25f], Floats(answers[3].InferResponse));
        Assert.Empty(answers[1].InferResponse.Outputs);
    }

    [Fact]
    public async Task The_server_and_its_models_describe_themselves()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var client = ClientOf(gateway);

        Assert.True((await client.ServerLiveAsync(new ServerLiveRequest())).Live);
        Assert.True((await client.ServerReadyAsync(new ServerReadyRequest())).Ready);
        var server = await client.ServerMetadataAsync(new ServerMetadataRequest());
        Assert.Equal("topfive", server.Name);
        Assert.Contains("classification", server.Extensions);

        var head = await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "pets" });
        Assert.Equal(["2", "3"], head.Versions);
        Assert.Equal(("image", "BYTES", "-1"), (head.Inputs[0].Name, head.Inputs[0].Datatype, string.Join(',', head.Inputs[0].Shape)));
        Assert.Equal(("probabilities", "FP32", "-1,2"), (head.Outputs[0].Name, head.Outputs[0].Datatype, string.Join(',', head.Outputs[0].Shape)));
        Assert.Equal([-1, 1], (await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "pets", Version = "2" })).Outputs[0].Shape);
        Assert.Equal([-1, 1], (await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "backbone" })).Outputs[0].Shape);
        var unknown = await Assert.ThrowsAsync<RpcException>(async () => await client.ModelMetadataAsync(new ModelMetadataRequest { Name = "pets", Version = "9" }));
        Assert.Equal((StatusCode.NotFound, "Request for unknown model: 'pets' version 9 is not found"), (unknown.StatusCode, unknown.Status.Detail));

        foreach (var (name, version, ready) in new[] { ("pets", "", true), ("pets", "2", true), ("pets", "9", false), ("cars", "", false), ("backbone", "", true), ("backbone", "1", true), ("backbone", "2", false) })
        {
            Assert.Equal((name, version, ready), (name, version, (await client.ModelReadyAsync(new ModelReadyRequest { Name = name, Version = version })).Ready));
        }

        var index = await client.RepositoryIndexAsync(new RepositoryIndexRequest { Ready = true });
        Assert.Equal(["backbone 1 READY", "pets 3 READY"], index.Models.Select(model => $"{model.Name} {model.Version} {model.State}"));
    }
}
