using System.Globalization;
using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Which models there are: the backbone, and every head.</summary>
internal sealed class ModelRepository(
    FeatureExtraction.FeatureExtractionClient features, Heads.HeadsClient heads, Predictor predictor, IOptions<ServicesOptions> services)
{
    /// <summary>Whether there is such a head or version, is known when it is asked.</summary>
    /// <exception cref="Failure">NOT_FOUND for another version of the backbone than its only one, INVALID_ARGUMENT for one that is no number.</exception>
    public InferenceModel Find(string name, string version)
    {
        if (name.Length == 0) throw Failure.InvalidInput($"the model's name is empty; it is '{BackboneInferenceModel.ModelName}' or the name of a head");
        var number = NumberOf(version);
        if (name != BackboneInferenceModel.ModelName) return new HeadInferenceModel(name, number, predictor, heads, services);
        return version is "" or BackboneInferenceModel.Version ? new BackboneInferenceModel(features, services) : throw InferenceModel.Unknown(name, version);
    }

    public async Task<bool> IsReadyAsync(string name, string version, ServerCallContext caller)
    {
        try
        {
            return await Find(name, version).IsReadyAsync(caller);
        }
        catch (Failure unknown) when (unknown.Kind == FailureKind.NotFound)
        {
            return false;
        }
    }

    public async Task<RepositoryIndexResponse> ListAsync(bool ready, ServerCallContext caller)
    {
        var isReady = await IsReadyAsync(BackboneInferenceModel.ModelName, BackboneInferenceModel.Version, caller);
        var listed = await heads.ListHeadsAsync(new ListHeadsRequest(), caller.Downstream(services.Value));
        RepositoryIndexResponse.Types.ModelIndex[] models =
        [
            Index(BackboneInferenceModel.ModelName, BackboneInferenceModel.Version, isReady, "FeatureService does not answer"),
            .. listed.Heads.Select(head => Index(head.Head_, $"{head.Version}", head.Live, "no version is live")),
        ];
        return new RepositoryIndexResponse { Models = { models.Where(model => !ready || model.Reason.Length == 0) } };
    }

    private static RepositoryIndexResponse.Types.ModelIndex Index(string name, string version, bool ready, string reason) =>
        new() { Name = name, Version = version, State = ready ? "READY" : "UNAVAILABLE", Reason = ready ? "" : reason };

    private static long NumberOf(string version)
    {
        if (version.Length == 0) return 0;
        return long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw Failure.InvalidInput($"failed to get model version from specified version string '{version}', version should be an integral value > 0");
    }
}
