using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>The same network in other clothes gives the same backbone.</summary>
public partial class ModelFormTests
{
    [Fact]
    public async Task Layers_of_other_names_and_numbers_give_the_same_backbone()
    {
        // A second model in one Keras session starts where the first one's numbers ended.
        using var model = await ChangedModel.CreateAsync(json =>
        {
            var renamed = JsonNode.Parse(LayerNumber().Replace(json.ToJsonString(), match => $"{match.Groups[1].Value}{int.Parse(match.Groups[2].Value) + 94}"))!;
            foreach (var (name, value) in renamed.AsObject().ToList())
            {
                renamed.AsObject().Remove(name);
                json[name] = value;
            }
        });
        Assert.Contains("conv2d_188", await File.ReadAllTextAsync(model.At("model.json")));

        Assert.Equal(await RealFingerprintAsync(), model.Import().Backbone.Fingerprint);
    }

    [Theory]
    [InlineData("average_pooling2d_10")]
    [InlineData("mixed10")]
    public async Task A_model_without_a_head_gives_the_same_backbone_and_no_head(string output)
    {
        using var model = await ChangedModel.CreateAsync(json => ChangedModel.Functional(json)["output_layers"]![0]![0] = output);
        Directory.CreateDirectory(Path.GetDirectoryName(model.OutFile)!);
        await File.WriteAllTextAsync(BackboneImporter.HeadFile(model.OutFile), "the head of an import before");

        var imported = model.Import();

        Assert.Equal(await RealFingerprintAsync(), imported.Backbone.Fingerprint);
        Assert.Null(imported.Head);
        Assert.False(File.Exists(BackboneImporter.HeadFile(model.OutFile)));
    }

    [Fact]
    public async Task Global_pooling_an_activation_of_its_own_and_the_bare_topology_are_understood()
    {
        using var model = await ChangedModel.CreateAsync(json =>
        {
            ChangedModel.Layer(json, "average_pooling2d_10")["class_name"] = "GlobalAveragePooling2D";
            ChangedModel.Layer(json, "dropout_3")["class_name"] = "Activation";
            ChangedModel.Config(json, "dropout_3")["activation"] = "relu";
            ChangedModel.Config(json, "dense_2")["activation"] = "linear";
            var topology = json["modelTopology"]!["model_config"]!.DeepClone();
            json["modelTopology"] = topology;
        });

        var imported = model.Import();

        Assert.Equal(await RealFingerprintAsync(), imported.Backbone.Fingerprint);
        Assert.Equal([DenseActivation.Relu, DenseActivation.Relu, DenseActivation.Softmax], imported.Head!.Layers.Select(layer => layer.Activation));
    }

    [Fact]
    public async Task A_changed_weight_gives_another_fingerprint()
    {
        using var model = await ChangedModel.CreateAsync(json =>
        {
            var quantization = ChangedModel.Weight(json, "batch_normalization_94/beta")["quantization"]!;
            quantization["min"] = (double)quantization["min"]! + 1e-3;
        });

        Assert.NotEqual(await RealFingerprintAsync(), model.Import().Backbone.Fingerprint);
    }

    [GeneratedRegex("\\b((?:conv2d|batch_normalization|activation|max_pooling2d|average_pooling2d|concatenate|dense|mixed9|input)_)([0-9]+)\\b")]
    private static partial Regex LayerNumber();

    private static async Task<string> RealFingerprintAsync() => BackboneFile.Read(await TestBackbone.ModelAsync()).Fingerprint;
}
