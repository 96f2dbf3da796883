using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Topfive.Cli;

/// <summary>
/// The line that <c>predict --json</c> writes for an image: <c>image</c>, and either <c>image_hash</c>, <c>head</c>,
/// <c>version</c>, <c>source</c> and <c>predictions</c> (best first), with --nearest also <c>neighbors</c>
/// (and <c>neighbors_dataset_changed</c>: true where so), with --unknown <c>unknown</c>, or <c>error</c> with its status and message.
/// </summary>
internal static class PredictionJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // A distance may be infinite.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        // Labels in their own letters; nobody puts this into a web page unread.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Line(PredictCommand.Answer answer) => answer.Response is { } response
        ? JsonSerializer.Serialize(
            new
            {
                Image = answer.Path,
                ImageHash = Convert.ToHexStringLower(response.ImageHash.Span),
                response.Head,
                response.Version,
                Source = RpcMessage.Name(response.Source),
                Predictions = response.Predictions.Select(prediction => new { prediction.Label, prediction.Index, prediction.Probability }),
                Unknown = response.Unknown is { } unknown ? new { unknown.Score, unknown.Threshold, Unknown = unknown.Unknown_ } : null,
                Neighbors = response.Neighbors.Count == 0
                    ? null
                    : response.Neighbors.Select(neighbor => new { ImageHash = Convert.ToHexStringLower(neighbor.ImageHash.Span), neighbor.Label, neighbor.Cosine }),
                NeighborsDatasetChanged = response.NeighborsDatasetChanged ? true : (bool?)null,
            },
            Options)
        : JsonSerializer.Serialize(new { Image = answer.Path, Error = answer.Failure }, Options);
}
