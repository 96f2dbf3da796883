using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Inference.V2;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>What tests of the Open Inference Protocol ask, and how they read what is answered.</summary>
internal static class InferenceCalls
{
    public static GRPCInferenceService.GRPCInferenceServiceClient ClientOf(RunningGateway gateway) => new(gateway.Channel);

    public static async Task<RpcException> RefusedAsync(RunningGateway gateway, ModelInferRequest request) =>
        await Assert.ThrowsAsync<RpcException>(async () => await ClientOf(gateway).ModelInferAsync(request));

    public static ModelInferRequest.Types.InferRequestedOutputTensor Classification(string output, long count) =>
        new() { Name = output, Parameters = { ["classification"] = new InferParameter { Int64Param = count } } };

    public static ModelInferRequest Request(string model, bool raw, params string[] images)
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

    public static float[] Floats(ModelInferResponse answer) =>
        [.. answer.RawOutputContents.Single().ToByteArray().Chunk(4).Select(bytes => BinaryPrimitives.ReadSingleLittleEndian(bytes))];

    public static List<string> Strings(ModelInferResponse answer)
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
