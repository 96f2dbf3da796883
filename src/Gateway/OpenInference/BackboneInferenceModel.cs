using Google.Protobuf.Collections;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Inference.V2;

namespace Topfive.Gateway;

/// <summary>The backbone as a model: an image's vector.</summary>
internal sealed class BackboneInferenceModel(FeatureExtraction.FeatureExtractionClient features, IOptions<ServicesOptions> services)
    : InferenceModel(ModelName)
{
    /// <summary>Not its own name, which the head that came with it has.</summary>
    public const string ModelName = "backbone";

    /// <summary>Versions are numbers, and another backbone has another fingerprint: of this one there is the first.</summary>
    public const string Version = "1";

    public override string OutputName => "vector";

    public override async Task<ModelMetadataResponse> DescribeAsync(ServerCallContext caller) => new()
    {
        Name = Name,
        Versions = { Version },
        Platform = "topfive_backbone",
        Inputs = { InputTensor.Metadata },
        Outputs = { new ModelMetadataResponse.Types.TensorMetadata { Name = OutputName, Datatype = "FP32", Shape = { -1, (await BackboneAsync(caller)).Dimensions } } },
    };

    public override async Task<bool> IsReadyAsync(ServerCallContext caller)
    {
        try
        {
            await BackboneAsync(caller);
            return true;
        }
        catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable)
        {
            return false;
        }
    }

    public override async Task<ModelInferResponse> InferAsync(ImageBatch batch, int best)
    {
        var answers = await batch.AskAsync(async image => await features.ExtractAsync(
            new ExtractRequest { Image = image }, batch.Caller.Downstream(services.Value, ImageRoute.For(ImageHash.Of(image.Span)))));
        var response = best > 0
            ? OutputTensor.OfClasses(OutputName, [.. answers.Select(answer => Largest(answer.Vector, best))])
            : OutputTensor.OfNumbers(OutputName, answers.Length, answers[0].Vector.Count, (row, numbers) => Copy(answers[row].Vector, numbers));
        (response.ModelName, response.ModelVersion) = (Name, Version);
        return response;
    }

    private async Task<Backbone> BackboneAsync(ServerCallContext caller) =>
        await features.GetBackboneAsync(new GetBackboneRequest(), caller.Downstream(services.Value));

    private static string[] Largest(RepeatedField<float> vector, int count) =>
        [.. vector.Index().OrderByDescending(number => number.Item).Take(count).Select(number => OutputTensor.Class(number.Item, number.Index))];

    private static void Copy(RepeatedField<float> vector, Span<float> numbers)
    {
        for (var i = 0; i < numbers.Length; i++) numbers[i] = vector[i];
    }
}
