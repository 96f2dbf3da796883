using System.Buffers.Binary;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Inference.V2;
using Xunit;
using static Topfive.Gateway.Tests.InferenceCalls;

namespace Topfive.Gateway.Tests;

/// <summary>Each thing that Triton refuses.</summary>
public sealed class OpenInferenceRefusalTests
{
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
}
