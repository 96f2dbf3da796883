using System.Text.Json;

namespace Topfive.Backbones;

/// <summary>A TF.js layers model: the layers of model.json, and the weights in the shards beside it.</summary>
internal sealed class TfjsModel
{
    // That of Inception V3 has 200 KB; parsed, it takes several times its bytes.
    private const int MaxJsonBytes = 32 << 20;

    private readonly Dictionary<string, TfjsLayer> _layers = new(StringComparer.Ordinal);

    private TfjsModel(JsonElement root, string directory)
    {
        if (Text(root, "format") == "graph-model")
        {
            throw new InvalidDataException("model.json is a TF.js graph model; a layers model is needed (tensorflowjs_converter --output_format=tfjs_layers_model)");
        }

        var topology = Child(root, "modelTopology", "model.json");
        var model = topology.TryGetProperty("model_config", out var wrapped) && wrapped.ValueKind == JsonValueKind.Object ? wrapped : topology;
        if (Text(model, "class_name") is not ("Model" or "Functional"))
        {
            throw new InvalidDataException($"model.json holds a '{Text(model, "class_name")}'; a functional Keras model (Model, Functional) is needed");
        }

        var config = Child(model, "config", "modelTopology");
        foreach (var layer in Items(config, "layers", "modelTopology")) Add(layer);
        string[] outputs = [.. Items(config, "output_layers", "modelTopology").Select(output => Reference(output, "output_layers"))];
        Output = outputs.Length == 1 ? outputs[0] : throw new InvalidDataException($"the model has {outputs.Length} outputs, not one");
        Weights = TfjsWeights.Open(directory, root);
        Origin = Text(root, "generatedBy") is { Length: > 0 } by ? by : Text(root, "convertedBy") is { Length: > 0 } converter ? converter : "origin not recorded";
    }

    /// <summary>Name of the layer whose output is the model's.</summary>
    public string Output { get; }

    public TfjsWeights Weights { get; }

    /// <summary>Who made the model, in its own words.</summary>
    public string Origin { get; }

    public static TfjsModel Open(string directory)
    {
        var path = Path.Combine(directory, "model.json");
        if (!File.Exists(path)) throw new InvalidDataException($"there is no model.json in {directory}");
        if (new FileInfo(path).Length is > MaxJsonBytes and var bytes) throw new InvalidDataException($"model.json has {bytes:N0} bytes; at most {MaxJsonBytes:N0} are read");
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            return new TfjsModel(json.RootElement.Clone(), directory);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"model.json is not JSON: {exception.Message}", exception);
        }
    }

    /// <param name="name">The layer's name.</param>
    /// <param name="neededBy">Who takes its output.</param>
    public TfjsLayer Layer(string name, string neededBy) =>
        _layers.TryGetValue(name, out var layer) ? layer : throw new InvalidDataException($"layer {name}, whose output {neededBy} takes, is missing in model.json");

    private void Add(JsonElement element)
    {
        var name = Text(element, "name") ?? Text(Child(element, "config", "a layer"), "name") ?? throw new InvalidDataException("a layer in model.json has no name");
        var kind = Text(element, "class_name") ?? throw new InvalidDataException($"layer {name} has no class_name");
        var calls = Items(element, "inbound_nodes", $"layer {name}").ToList();
        if (calls.Count > 1) throw new InvalidDataException($"layer {name} is used {calls.Count} times; Inception V3 uses each once");
        List<string> inputs = [];
        if (calls.Count == 1)
        {
            if (calls[0].ValueKind != JsonValueKind.Array) throw new InvalidDataException($"layer {name}: its inbound_nodes are not those of Keras 2; convert the model with tf_keras");
            inputs.AddRange(calls[0].EnumerateArray().Select(input => Reference(input, $"layer {name}")));
        }

        if (!_layers.TryAdd(name, new TfjsLayer(name, kind, Child(element, "config", $"layer {name}"), inputs)))
        {
            throw new InvalidDataException($"layer {name} stands twice in model.json");
        }
    }

    // ["name", node, tensor, …]
    private static string Reference(JsonElement reference, string where) =>
        reference.ValueKind == JsonValueKind.Array && reference.GetArrayLength() >= 1 && reference[0].ValueKind == JsonValueKind.String
            ? reference[0].GetString()!
            : throw new InvalidDataException($"{where}: a reference to a layer is not [name, node, tensor]");

    private static JsonElement Child(JsonElement parent, string name, string where) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.Object
            ? child
            : throw new InvalidDataException($"{where} has no {name}");

    private static JsonElement.ArrayEnumerator Items(JsonElement parent, string name, string where) =>
        parent.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.Array
            ? child.EnumerateArray()
            : throw new InvalidDataException($"{where} has no list {name}");

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.String ? child.GetString() : null;
}
