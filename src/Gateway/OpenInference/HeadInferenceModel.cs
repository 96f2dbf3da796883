using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>A head as a model: an image's probabilities, by way of <see cref="Predictor"/>.</summary>
/// <param name="name">The head's.</param>
/// <param name="version">0: the live one.</param>
/// <param name="predictor">Image in, labels out.</param>
/// <param name="heads">Knows the head's versions.</param>
/// <param name="services">The services behind.</param>
internal sealed class HeadInferenceModel(string name, long version, Predictor predictor, Heads.HeadsClient heads, IOptions<ServicesOptions> services)
    : InferenceModel(name)
{
    /// <summary>The most that PredictRequest.top_k can ask for.</summary>
    private const int MostLabels = 2_000;

    public override string OutputName => "probabilities";

    public override async Task<ModelMetadataResponse> DescribeAsync(ServerCallContext caller)
    {
        var versions = await VersionsAsync(caller);
        var described = Asked(versions) ?? throw Unknown(version);
        return new ModelMetadataResponse
        {
            Name = Name,
            Versions = { versions.OrderBy(head => head.Version).Select(head => $"{head.Version}") },
            Platform = "topfive_head",
            Inputs = { InputTensor.Metadata },
            Outputs = { new ModelMetadataResponse.Types.TensorMetadata { Name = OutputName, Datatype = "FP32", Shape = { -1, described.Labels.Count } } },
        };
    }

    public override async Task<bool> IsReadyAsync(ServerCallContext caller) => Asked(await VersionsAsync(caller)) is not null;

    public override async Task<ModelInferResponse> InferAsync(ImageBatch batch, int best)
    {
        var answers = await PredictAsync(batch, version, best);
        // Another version went live in the middle: what is stored by now answers again, all by one version.
        if (answers.Any(answer => answer.Version != answers[0].Version)) answers = await PredictAsync(batch, answers[0].Version, best);

        var response = best > 0
            ? OutputTensor.OfClasses(OutputName, [.. answers.Select(Classes)])
            : OutputTensor.OfNumbers(OutputName, answers.Length, answers[0].Predictions.Count, (row, numbers) => Fill(answers[row], numbers));
        (response.ModelName, response.ModelVersion) = (Name, $"{answers[0].Version}");
        return response;
    }

    private Task<PredictResponse[]> PredictAsync(ImageBatch batch, long ofVersion, int best) => batch.AskAsync(async image =>
    {
        try
        {
            var request = new PredictRequest { Head = Name, Version = ofVersion, Image = image, TopK = best is 0 or > MostLabels ? MostLabels : best };
            return await predictor.PredictAsync(request, batch.Caller);
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.NotFound)
        {
            throw Unknown(ofVersion);
        }
    });

    private async Task<IReadOnlyList<Head>> VersionsAsync(ServerCallContext caller)
    {
        try
        {
            return (await heads.ListHeadsAsync(new ListHeadsRequest { Head = Name }, caller.Downstream(services.Value))).Heads;
        }
        catch (RpcException unknown) when (unknown.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return [];
        }
    }

    private Head? Asked(IEnumerable<Head> versions) => versions.FirstOrDefault(head => version == 0 ? head.Live : head.Version == version);

    private Failure Unknown(long ofVersion) => Unknown(Name, ofVersion == 0 ? "" : $"{ofVersion}");

    private static string[] Classes(PredictResponse answer) =>
        [.. answer.Predictions.Select(prediction => OutputTensor.Class(prediction.Probability, prediction.Index, prediction.Label))];

    private void Fill(PredictResponse answer, Span<float> numbers)
    {
        foreach (var prediction in answer.Predictions)
        {
            if (prediction.Index >= numbers.Length)
            {
                throw Failure.Precondition($"model '{Name}' has more than {MostLabels:N0} classes, which is the most that an answer has: ask for some of them by the output's parameter classification");
            }

            numbers[prediction.Index] = prediction.Probability;
        }
    }
}
