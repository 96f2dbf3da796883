using System.Text.Json.Nodes;
using Topfive.TestKit;

namespace Topfive.Backbones.Tests;

/// <summary>The real TF.js model with something changed; its shards are links to the real ones.</summary>
internal sealed class ChangedModel : IDisposable
{
    private readonly TempDirectory _folder = new();

    private ChangedModel()
    {
    }

    public string OutFile => Path.Combine(_folder.Path, "out", "changed.onnx");

    public static async Task<ChangedModel> CreateAsync(Action<JsonObject> change)
    {
        await TestBackbone.ModelAsync();
        var copy = new ChangedModel();
        foreach (var file in Directory.EnumerateFiles(TestBackbone.SourceDirectory))
        {
            var name = Path.GetFileName(file);
            if (name != "model.json") File.CreateSymbolicLink(copy.At(name), file);
        }

        var model = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(TestBackbone.SourceDirectory, "model.json")))!.AsObject();
        change(model);
        await File.WriteAllTextAsync(copy.At("model.json"), model.ToJsonString());
        return copy;
    }

    public string At(string name) => _folder.File(name);

    public ImportedBackbone Import() => BackboneImporter.ImportTfjs(_folder.Path, OutFile);

    public void Dispose() => _folder.Dispose();

    /// <summary>The settings of the layer of that name.</summary>
    public static JsonObject Config(JsonObject model, string layer) => Layer(model, layer)["config"]!.AsObject();

    public static JsonObject Layer(JsonObject model, string layer) =>
        Layers(model).Select(node => node!.AsObject()).Single(node => (string?)node["name"] == layer);

    public static JsonArray Layers(JsonObject model) => Functional(model)["layers"]!.AsArray();

    public static JsonObject Functional(JsonObject model) => model["modelTopology"]!["model_config"]!["config"]!.AsObject();

    public static JsonObject Weight(JsonObject model, string name) =>
        Weights(model).Select(node => node!.AsObject()).Single(node => (string?)node["name"] == name);

    public static JsonArray Weights(JsonObject model) => model["weightsManifest"]![0]!["weights"]!.AsArray();

    public static JsonArray Paths(JsonObject model) => model["weightsManifest"]![0]!["paths"]!.AsArray();
}
