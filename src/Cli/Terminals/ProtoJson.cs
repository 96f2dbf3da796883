using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Messages as JSON with the protos' own field names; hashes in hex, as everywhere else on the command line.</summary>
internal static class ProtoJson
{
    private const string Hash = "image_hash";

    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true).WithFormatDefaultValues(true));

    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonSerializerOptions Lines = new(Options) { WriteIndented = true };

    public static string Line(IMessage message) => Node(message).ToJsonString(Options);

    public static string Line(JsonNode node) => node.ToJsonString(Options);

    /// <summary>A run with its epochs and its end: {"run", "epochs", "finished"}.</summary>
    public static string Line(Run run, RunResult result) => new JsonObject
    {
        ["run"] = Node(run),
        ["epochs"] = new JsonArray([.. result.Epochs.Select(Node)]),
        ["finished"] = Node(result.Finished),
    }.ToJsonString(Options);

    /// <summary>Indented, for a file that people read.</summary>
    public static string Text(IMessage message) => Node(message).ToJsonString(Lines);

    public static JsonNode Node(IMessage message)
    {
        var node = JsonNode.Parse(Formatter.Format(message))!;
        WriteHashesInHex(node);
        return node;
    }

    private static void WriteHashesInHex(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var element in array)
            {
                WriteHashesInHex(element);
            }
        }

        if (node is not JsonObject properties)
        {
            return;
        }

        foreach (var (name, value) in properties.ToArray())
        {
            if (name == Hash && value is not null)
            {
                properties[name] = Convert.ToHexStringLower(Convert.FromBase64String((string)value!));
            }
            else
            {
                WriteHashesInHex(value);
            }
        }
    }
}
