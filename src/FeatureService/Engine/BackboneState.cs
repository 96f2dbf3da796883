using Topfive.Backbones;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <param name="File">What the model file says of itself.</param>
/// <param name="Device">Where it runs: "cpu", "cuda:0", "cuda:0,cuda:1".</param>
/// <param name="Engine">Runtime and version.</param>
internal sealed record RunningBackbone(BackboneFile File, string Device, string Engine);

/// <summary>Whether the backbone is warmed up and verified.</summary>
internal sealed class BackboneState
{
    private readonly TaskCompletionSource<RunningBackbone> _running = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when the backbone is ready, or with what kept it from starting.</summary>
    public Task<RunningBackbone> Running => _running.Task;

    /// <exception cref="Failure">Unavailable: still warming up.</exception>
    public RunningBackbone Require() => Running.IsCompletedSuccessfully
        ? Running.Result
        : throw Failure.Unavailable("the backbone is warming up: try again when the service's health is SERVING");

    public void Ready(RunningBackbone backbone) => _running.TrySetResult(backbone);

    public void Failed(Exception exception) => _running.TrySetException(exception);
}
