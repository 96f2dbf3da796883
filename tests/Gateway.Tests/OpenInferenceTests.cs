using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Inference.V2;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>The Open Inference Protocol before fake services: shapes, contents, order, and each thing that Triton refuses.</summary>
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

        var answer = await Client(gateway).ModelInferAsync(request);

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
        var vectors = await Client(gateway).ModelInferAsync(Request("backbone", true, "one", "two"));
        var asClasses = Request("backbone", true, "one");
        asClasses.Outputs.Add(Classification("vector", 5));

        Assert.Equal(("backbone", "1", "vector", "2,1"), (vectors.ModelName, vectors.ModelVersion, vectors.Outputs[0].Name, string.Join(',', vectors.Outputs[0].Shape)));
        Assert.Equal([1, 1], Floats(vectors));
        Assert.Equal(["1.000000:0"], Strings(await Client(gateway).ModelInferAsync(asClasses)));
    }

    [Fact]
    public async Task Classification_answers_value_index_and_label_best_first_and_no_more_than_there_are()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = Request("pets", true, "one", "two");
        request.Outputs.Add(Classification("probabilities", 2_500));

        var answer = await Client(gateway).ModelInferAsync(request);

        Assert.Equal(("BYTES", "2,2"), (answer.Outputs[0].Datatype, string.Join(',', answer.Outputs[0].Shape)));
        Assert.Equal(["1.000000:0:cat", "0.250000:1:ape", "1.000000:0:cat", "0.250000:1:ape"], Strings(answer));
    }

    [Theory]
    [InlineData("cars", "", StatusCode.NotFound, "Request for unknown model: 'cars' is not found")]
    [InlineData("cars", "7", StatusCode.NotFound, "Request for unknown model: 'cars' version 7 is not found")]
    [InlineData("backbone", "2", StatusCode.NotFound, "Request for unknown model: 'backbone' version 2 is not found")]
    [InlineData("pets", "newest", StatusCode.InvalidArgument, "version string 'newest', version should be an integral value > 0")]
    [InlineData("pets", "0", StatusCode.InvalidArgument, "version should be an integral value > 0")]
    [InlineData("", "", StatusCode.InvalidArgument, "the model's name is empty")]
    public async Task An_unknown_model_or_version_is_refused_as_triton_does(string model, string version, StatusCode code, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = Request(model, true, "one");
        request.ModelVersion = version;

        var refused = await RefusedAsync(gateway, request);

        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(message, refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Fake.Extractions);
    }

    public static TheoryData<string, string> WrongRequests => new()
    {
        { "no input", "expected 1 inputs but got 0 inputs for model 'pets'" },
        { "another input", "unexpected inference input 'pixels' for model 'pets'; its input is 'image'" },
        { "another datatype", "inference input 'image' data-type is 'FP32', but model 'pets' expects 'BYTES'" },
        { "another shape", "unexpected shape for input 'image' for model 'pets'. Expected [-1] or [-1,1], got [2,3]" },
        { "no elements", "has 0 elements; a request has 1 to 1,024" },
        { "too many", "has 1,025 elements; a request has 1 to 1,024" },
        { "raw and typed", "contents field must not be specified when using raw_input_contents for 'image' for model 'pets'" },
        { "two raw", "expected 1 raw_input_contents but got 2" },
        { "fewer typed", "unexpected number of string elements 2 for inference input 'image' for model 'pets', expecting 3" },
        { "fewer raw", "unexpected number of string elements 2 for inference input 'image' for model 'pets', expecting 3" },
        { "more raw", "expecting 1: 7 bytes are left over" },
        { "half a length", "element 2 begins with 3 bytes; a length has 4" },
        { "half an element", "element 1 should have 4,000,000,000 bytes and has 3" },
        { "an empty element", "element 1 of input 'image' for model 'pets' is empty" },
        { "floats", "elements of BYTES stand in bytes_contents alone" },
        { "another output", "unexpected inference output 'labels' for model 'pets'; its output is 'probabilities'" },
        { "two outputs", "expected at most 1 outputs but got 2" },
        { "classification of none", "'classification' parameter for output 'probabilities': 0, expected 1 or more" },
        { "classification in words", "invalid value type for 'classification' parameter for output 'probabilities', expected int64_param" },
        { "shared memory", "is in shared memory, which is not supported" },
    };

    [Theory]
    [MemberData(nameof(WrongRequests))]
    public async Task A_request_that_can_never_work_is_invalid_and_says_what_is_wrong(string wrong, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();
        var raw = Request("pets", true, "one", "two");
        var typed = Request("pets", false, "one", "two");
        var request = wrong is "fewer typed" or "floats" ? typed : raw;
        switch (wrong)
        {
            case "no input": raw.Inputs.Clear(); break;
            case "another input": raw.Inputs[0].Name = "pixels"; break;
            case "another datatype": raw.Inputs[0].Datatype = "FP32"; break;
            case "another shape": raw.Inputs[0].Shape.Add(3); break;
            case "no elements": raw.Inputs[0].Shape[0] = 0; break;
            case "too many": raw.Inputs[0].Shape[0] = 1_025; break;
            case "raw and typed": raw.Inputs[0].Contents = typed.Inputs[0].Contents; break;
            case "two raw": raw.RawInputContents.Add(ByteString.Empty); break;
            case "fewer typed" or "fewer raw": request.Inputs[0].Shape[0] = 3; break;
            case "more raw": raw.Inputs[0].Shape[0] = 1; break;
            case "half a length": raw.Inputs[0].Shape[0] = 3; raw.RawInputContents[0] = ByteString.CopyFrom([.. raw.RawInputContents[0], 1, 2, 3]); break;
            case "half an element":
                var bytes = raw.RawInputContents[0].ToByteArray();
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(7), 4_000_000_000);
                raw.RawInputContents[0] = ByteString.CopyFrom(bytes);
                break;
            case "an empty element": request = Request("pets", true, "one", ""); break;
            case "floats": typed.Inputs[0].Contents.Fp32Contents.Add(1); break;
            case "another output": raw.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "labels" }); break;
            case "two outputs": raw.Outputs.Add([Classification("probabilities", 1), Classification("probabilities", 2)]); break;
            case "classification of none": raw.Outputs.Add(Classification("probabilities", 0)); break;
            case "classification in words":
                raw.Outputs.Add(new ModelInferRequest.Types.InferRequestedOutputTensor { Name = "probabilities", Parameters = { ["classification"] = new InferParameter { StringParam = "5" } } });
                break;
            case "shared memory": raw.Inputs[0].Parameters["shared_memory_region"] = new InferParameter { StringParam = "a" }; break;
        }

        var refused = await RefusedAsync(gateway, request);

        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        Assert.Contains(message, refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Fake.Asked);
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
        using var stream = Client(gateway).ModelStreamInfer();
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
        var client = Client(gateway);

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

    private static GRPCInferenceService.GRPCInferenceServiceClient Client(RunningGateway gateway) => new(gateway.Channel);

    private static async Task<RpcException> RefusedAsync(RunningGateway gateway, ModelInferRequest request) =>
        await Assert.ThrowsAsync<RpcException>(async () => await Client(gateway).ModelInferAsync(request));

    private static ModelInferRequest.Types.InferRequestedOutputTensor Classification(string output, long count) =>
        new() { Name = output, Parameters = { ["classification"] = new InferParameter { Int64Param = count } } };

    private static ModelInferRequest Request(string model, bool raw, params string[] images)
    {
        var input = new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "BYTES", Shape = { images.Length } };
        var request = new ModelInferRequest { ModelName = model, Inputs = { input } };
        if (raw)
        {
            request.RawInputContents.Add(ByteString.CopyFrom([.. images.SelectMany(image => (byte[])[(byte)image.Length, 0, 0, 0, .. Encoding.UTF8.GetBytes(image)])]));
        }
        else
        {
            input.Contents = new InferTensorContents { BytesContents = { images.Select(ByteString.CopyFromUtf8) } };
        }

        return request;
    }

    private static float[] Floats(ModelInferResponse answer) =>
        [.. answer.RawOutputContents.Single().ToByteArray().Chunk(4).Select(bytes => BinaryPrimitives.ReadSingleLittleEndian(bytes))];

    private static List<string> Strings(ModelInferResponse answer)
    {
        var texts = new List<string>();
        var rest = answer.RawOutputContents.Single().Span;
        while (!rest.IsEmpty)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
            texts.Add(Encoding.UTF8.GetString(rest.Slice(4, length)));
            rest = rest[(4 + length)..];
        }

        return texts;
    }
}
