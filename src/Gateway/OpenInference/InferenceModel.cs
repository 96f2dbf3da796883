using Grpc.Core;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>What the protocol calls a model: the backbone, or a head.</summary>
internal abstract class InferenceModel(string name)
{
    public string Name => name;

    public abstract string OutputName { get; }

    public abstract Task<ModelMetadataResponse> DescribeAsync(ServerCallContext caller);

    /// <returns>Whether it can be asked now; false, too, when there is no such version.</returns>
    public abstract Task<bool> IsReadyAsync(ServerCallContext caller);

    /// <param name="batch">The images.</param>
    /// <param name="best">How many of the largest values of each, as classes; 0: all values, as numbers.</param>
    public abstract Task<ModelInferResponse> InferAsync(ImageBatch batch, int best);

    /// <param name="name">Of the model.</param>
    /// <param name="version">Empty: the live one.</param>
    public static Failure Unknown(string name, string version) =>
        Failure.NotFound($"Request for unknown model: '{name}'{(version.Length > 0 ? $" version {version}" : "")} is not found");
}
