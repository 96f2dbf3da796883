using System.Diagnostics;
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
    /// <summary>The backbone has another name only after all of FeatureService has been replaced.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(10);

    private volatile Known? _backbone;

    private sealed record Known(Backbone Backbone, long Asked);

    /// <exception cref="Failure">NOT_FOUND for another version of the backbone, INVALID_ARGUMENT for one that is no number. A head is found when it is asked.</exception>
    public async ValueTask<InferenceModel> FindAsync(string name, string version, ServerCallContext caller)
    {
        if (name.Length == 0) throw Failure.InvalidInput("model_name is empty; it is the name of the backbone or of a head");
        var number = NumberOf(version);
        if (await BackboneAsync(caller) is not { } backbone || backbone.Name != name)
        {
            return new HeadModel(name, number, predictor, heads, services);
        }

        return version is "" or BackboneModel.Version ? new BackboneModel(backbone, features, services) : throw InferenceModel.Unknown(name, version);
    }

    public async Task<bool> IsReadyAsync(string name, string version, ServerCallContext caller)
    {
        try
        {
            return await FindAsync(name, version, caller) is not HeadModel head || await head.IsReadyAsync(caller);
        }
        catch (Failure unknown) when (unknown.Kind == FailureKind.NotFound)
        {
            return false;
        }
    }

    public async Task<RepositoryIndexResponse> ListAsync(bool ready, ServerCallContext caller)
    {
        var index = new RepositoryIndexResponse();
        if (await BackboneAsync(caller) is { } backbone)
        {
            index.Models.Add(new RepositoryIndexResponse.Types.ModelIndex { Name = backbone.Name, Version = BackboneModel.Version, State = "READY" });
        }

        var listed = await heads.ListHeadsAsync(new ListHeadsRequest(), caller.Downstream(services.Value));
        index.Models.Add(listed.Heads.Where(head => head.Live || !ready).Select(head => new RepositoryIndexResponse.Types.ModelIndex
        {
            Name = head.Head_,
            Version = $"{head.Version}",
            State = head.Live ? "READY" : "UNAVAILABLE",
            Reason = head.Live ? "" : "no version is live",
        }));
        return index;
    }

    /// <returns>Null when it was never asked and cannot be now: heads still answer for images that are known.</returns>
    private async ValueTask<Backbone?> BackboneAsync(ServerCallContext caller)
    {
        if (_backbone is { } known && Stopwatch.GetElapsedTime(known.Asked) < AskAgainAfter) return known.Backbone;
        try
        {
            var backbone = await features.GetBackboneAsync(new GetBackboneRequest(), caller.Downstream(services.Value));
            _backbone = new Known(backbone, Stopwatch.GetTimestamp());
            return backbone;
        }
        catch (RpcException away) when (away.StatusCode is StatusCode.Unavailable)
        {
            return _backbone?.Backbone;
        }
    }

    private static long NumberOf(string version)
    {
        if (version.Length == 0) return 0;
        return long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw Failure.InvalidInput($"failed to get model version from specified version string '{version}', version should be an integral value > 0");
    }
}
