using Google.Protobuf.Collections;
using Topfive.Inference.V2;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>What a request wants of a model's one output.</summary>
internal static class RequestedOutput
{
    private const string Classification = "classification";

    /// <returns>How many of the largest values of each image, as classes; 0: all values, as numbers.</returns>
    /// <exception cref="Failure">INVALID_ARGUMENT for an output that there is not, and a classification that is none.</exception>
    public static int ClassificationOf(ModelInferRequest request, string name)
    {
        if (request.Outputs.Count == 0) return 0;
        if (request.Outputs.Count > 1) throw Failure.InvalidInput($"expected at most 1 outputs but got {request.Outputs.Count} outputs for model '{request.ModelName}'");
        var output = request.Outputs[0];
        if (output.Name != name) throw Failure.InvalidInput($"unexpected inference output '{output.Name}' for model '{request.ModelName}'; its output is '{name}'");
        SharedMemory.Refuse(output.Parameters, $"output '{name}'", request.ModelName);
        if (!output.Parameters.TryGetValue(Classification, out var wanted)) return 0;
        if (wanted.ParameterChoiceCase != InferParameter.ParameterChoiceOneofCase.Int64Param)
        {
            throw Failure.InvalidInput($"invalid value type for '{Classification}' parameter for output '{name}', expected int64_param");
        }

        return wanted.Int64Param > 0 ? (int)Math.Min(wanted.Int64Param, int.MaxValue)
            : throw Failure.InvalidInput($"invalid value for '{Classification}' parameter for output '{name}': {wanted.Int64Param}, expected 1 or more");
    }
}

/// <summary>Triton's regions that client and server map both: there are none here, and a tensor in one would be missed.</summary>
internal static class SharedMemory
{
    public static void Refuse(MapField<string, InferParameter> parameters, string tensor, string model)
    {
        if (parameters.ContainsKey("shared_memory_region")) throw Failure.InvalidInput($"{tensor} for model '{model}' is in shared memory, which is not supported: send its contents");
    }
}
