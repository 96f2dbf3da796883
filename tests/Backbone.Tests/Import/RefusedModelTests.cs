using System.Text.Json.Nodes;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>A wrong or incomplete model is refused with the layer's name, and nothing is written.</summary>
public class RefusedModelTests
{
    public static TheoryData<string, string> Changes() => new()
    {
        { "missing layer", "layer batch_normalization_50, whose output activation_50 takes, is missing" },
        { "missing branch", "layer mixed5 (Concatenate) has number of inputs 3; it must be 4" },
        { "swapped branches", "layer conv2d_34 (Conv2D) has kernel_size 7×1; it must be 1×1" },
        { "other filters", "layer conv2d_3 (Conv2D) has filters 63; it must be 64" },
        { "other stride", "layer conv2d_1 (Conv2D) has strides 1×1; it must be 2×2" },
        { "other padding", "layer conv2d_2 (Conv2D) has padding same; it must be valid" },
        { "other activation", "layer activation_9 (Activation) has activation tanh; it must be relu" },
        { "other layer", "layer max_pooling2d_2 is a AveragePooling2D; Inception V3 has a MaxPooling2D there" },
        { "channels first", "layer conv2d_7 (Conv2D) has data_format channels_first" },
        { "no filters", "layer conv2d_7 (Conv2D) has no usable setting filters" },
        { "layer twice", "layer conv2d_8 stands twice" },
        { "other image size", "layer input_1 takes images of" },
        { "two inputs", "layer batch_normalization_4 (BatchNormalization) has 2 inputs" },
        { "shared layer", "layer conv2d_4 is used 2 times" },
        { "two outputs", "2 outputs" },
        { "missing weight", "layer conv2d_20: its weight conv2d_20/kernel is missing" },
        { "missing norm weight", "layer batch_normalization_20: its weight batch_normalization_20/moving_variance is missing" },
        { "gamma promised", "layer batch_normalization_20: its weight batch_normalization_20/gamma is missing" },
        { "wrong shape", "layer conv2d_20: its weight conv2d_20/kernel has shape [288, 1, 1, 64]; it must be [1, 1, 288, 64]" },
        { "unknown quantisation", "weight conv2d_60/kernel of layer conv2d_60 has unknown quantisation 'uint4'" },
        { "unknown dtype", "weight conv2d_60/kernel of layer conv2d_60 has unknown dtype 'complex64'" },
        { "no scale", "weight conv2d_60/kernel of layer conv2d_60 has a quantisation without scale" },
        { "negative shape", "weight conv2d_60/kernel of layer conv2d_60 has no usable shape" },
        { "huge shape", "weight conv2d_60/kernel of layer conv2d_60 has no usable shape" },
        { "weight twice", "weight dense_3/bias of layer dense_3 stands twice" },
        { "negative variance", "layer conv2d_33 with batch_normalization_33: its weights give numbers that are not finite" },
        { "missing shard", "shard 'group1-shard9of6', which is missing" },
        { "shard left out", "weight conv2d_93/kernel of layer conv2d_93: the shards end" },
        { "shard too many", "1389349 bytes more than the weights manifest describes" },
        { "path outside", "'../group1-shard1of6', which is outside the model's folder" },
        { "absolute path", "'/etc/passwd', which is outside the model's folder" },
        { "head activation", "layer dense_2 has activation swish" },
        { "head shape", "layer dense_2: its weight dense_2/kernel has shape [256, 128]; it must be [256, 100]" },
        { "head layer", "layer dropout_2 is a LSTM" },
        { "sequential", "holds a 'Sequential'" },
        { "graph model", "is a TF.js graph model" },
        { "no manifest", "no weightsManifest" },
        { "head in a ring", "layer dropout_2 takes its own output" },
        { "group of nothing", "a group in the weights manifest has no paths or no weights" },
        { "shard a thousand times", "bytes; at most 1,073,741,824 are read" },
        { "keras 3", "layer conv2d_1: its inbound_nodes are not those of Keras 2" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task A_model_that_is_not_inception_v3_is_refused(string change, string because)
    {
        using var model = await ChangedModel.CreateAsync(json => Change(json, change));

        Assert.Contains(because, Assert.Throws<InvalidDataException>(model.Import).Message);
        Assert.False(File.Exists(model.OutFile));
    }

    [Fact]
    public async Task A_short_shard_is_refused_with_the_layer_that_it_cuts()
    {
        using var model = await ChangedModel.CreateAsync(_ => { });
        var shard = model.At("group1-shard6of6");
        var bytes = await File.ReadAllBytesAsync(shard);
        File.Delete(shard);
        await File.WriteAllBytesAsync(shard, bytes[..^700]);

        var failure = Assert.Throws<InvalidDataException>(model.Import);

        Assert.Contains("weight dense_2/bias of layer dense_2: the shards end 55 bytes before it does", failure.Message);
    }

    [Fact]
    public async Task Labels_that_are_missing_are_asked_for()
    {
        using var model = await ChangedModel.CreateAsync(_ => { });
        File.Delete(model.At("labels.txt"));

        Assert.Contains("dense layer dense_3 with 5 classes", Assert.Throws<InvalidDataException>(model.Import).Message);
    }

    [Fact]
    public void A_folder_without_a_model_and_a_model_that_is_no_json_are_refused()
    {
        using var folder = new TempDirectory();
        var outFile = folder.File("x.onnx");

        Assert.Contains("no model.json", Assert.Throws<InvalidDataException>(() => BackboneImporter.ImportTfjs(folder.Path, outFile)).Message);

        File.WriteAllText(folder.File("model.json"), "<html>not found</html>");
        Assert.Contains("model.json is not JSON", Assert.Throws<InvalidDataException>(() => BackboneImporter.ImportTfjs(folder.Path, outFile)).Message);
    }

    [Fact]
    public async Task A_model_json_that_is_too_large_is_not_read()
    {
        using var model = await ChangedModel.CreateAsync(_ => { });
        using (var file = File.OpenWrite(model.At("model.json"))) file.SetLength(40_000_000);

        Assert.Contains("model.json has 40,000,000 bytes; at most 33,554,432 are read", Assert.Throws<InvalidDataException>(model.Import).Message);
    }

    private static void Change(JsonObject model, string change)
    {
        switch (change)
        {
            case "head in a ring": ChangedModel.Layer(model, "dropout_2")["inbound_nodes"]![0]![0]![0] = "dropout_2"; break;
            case "group of nothing": model["weightsManifest"]![0] = 5; break;
            case "shard a thousand times":
                for (var i = 0; i < 1_000; i++) ChangedModel.Paths(model).Add("group1-shard1of6");
                break;
            case "missing layer": ChangedModel.Layers(model).Remove(ChangedModel.Layer(model, "batch_normalization_50")); break;
            case "missing branch": Inputs(model, "mixed5").RemoveAt(1); break;
            case "swapped branches":
                var inputs = Inputs(model, "mixed4");
                var (first, second) = (inputs[0]!.DeepClone(), inputs[1]!.DeepClone());
                (inputs[0], inputs[1]) = (second, first);
                break;
            case "other filters": ChangedModel.Config(model, "conv2d_3")["filters"] = 63; break;
            case "other stride": ChangedModel.Config(model, "conv2d_1")["strides"] = new JsonArray(1, 1); break;
            case "other padding": ChangedModel.Config(model, "conv2d_2")["padding"] = "same"; break;
            case "other activation": ChangedModel.Config(model, "activation_9")["activation"] = "tanh"; break;
            case "other layer": ChangedModel.Layer(model, "max_pooling2d_2")["class_name"] = "AveragePooling2D"; break;
            case "channels first": ChangedModel.Config(model, "conv2d_7")["data_format"] = "channels_first"; break;
            case "no filters": ChangedModel.Config(model, "conv2d_7")["filters"] = "many"; break;
            case "layer twice": ChangedModel.Layers(model).Add(ChangedModel.Layer(model, "conv2d_8").DeepClone()); break;
            case "other image size": ChangedModel.Config(model, "input_1")["batch_input_shape"] = new JsonArray(null, 224, 224, 3); break;
            case "two inputs": Inputs(model, "batch_normalization_4").Add(Inputs(model, "conv2d_4")[0]!.DeepClone()); break;
            case "shared layer":
                var calls = ChangedModel.Layer(model, "conv2d_4")["inbound_nodes"]!.AsArray();
                calls.Add(calls[0]!.DeepClone());
                break;
            case "two outputs":
                var outputs = ChangedModel.Functional(model)["output_layers"]!.AsArray();
                outputs.Add(outputs[0]!.DeepClone());
                break;
            case "missing weight": ChangedModel.Weight(model, "conv2d_20/kernel")["name"] = "conv2d_20/other"; break;
            case "missing norm weight": ChangedModel.Weight(model, "batch_normalization_20/moving_variance")["name"] = "other"; break;
            case "gamma promised": ChangedModel.Config(model, "batch_normalization_20")["scale"] = true; break;
            case "wrong shape": ChangedModel.Weight(model, "conv2d_20/kernel")["shape"] = new JsonArray(288, 1, 1, 64); break;
            case "unknown quantisation": ChangedModel.Weight(model, "conv2d_60/kernel")["quantization"]!["dtype"] = "uint4"; break;
            case "unknown dtype": ChangedModel.Weight(model, "conv2d_60/kernel")["dtype"] = "complex64"; break;
            case "no scale": ChangedModel.Weight(model, "conv2d_60/kernel")["quantization"]!.AsObject().Remove("scale"); break;
            case "negative shape": ChangedModel.Weight(model, "conv2d_60/kernel")["shape"] = new JsonArray(-1, 7, 160, 160); break;
            case "huge shape": ChangedModel.Weight(model, "conv2d_60/kernel")["shape"] = new JsonArray(2000000000, 2000000000, 2000000000, 2); break;
            case "weight twice": ChangedModel.Weight(model, "dense_2/bias")["name"] = "dense_3/bias"; break;
            case "negative variance": ChangedModel.Weight(model, "batch_normalization_33/moving_variance")["quantization"]!["min"] = -100; break;
            case "missing shard": ChangedModel.Paths(model)[0] = "group1-shard9of6"; break;
            case "shard left out": ChangedModel.Paths(model).RemoveAt(5); break;
            case "shard too many": ChangedModel.Paths(model).Add("group1-shard6of6"); break;
            case "path outside": ChangedModel.Paths(model)[0] = "../group1-shard1of6"; break;
            case "absolute path": ChangedModel.Paths(model)[0] = "/etc/passwd"; break;
            case "head activation": ChangedModel.Config(model, "dense_2")["activation"] = "swish"; break;
            case "head shape": ChangedModel.Config(model, "dense_2")["units"] = 100; break;
            case "head layer": ChangedModel.Layer(model, "dropout_2")["class_name"] = "LSTM"; break;
            case "sequential": model["modelTopology"]!["model_config"]!["class_name"] = "Sequential"; break;
            case "graph model": model["format"] = "graph-model"; break;
            case "no manifest": model.Remove("weightsManifest"); break;
            case "keras 3": ChangedModel.Layer(model, "conv2d_1")["inbound_nodes"] = new JsonArray(new JsonObject { ["args"] = new JsonArray() }); break;
            default: throw new ArgumentOutOfRangeException(nameof(change), change, null);
        }
    }

    private static JsonArray Inputs(JsonObject model, string layer) => ChangedModel.Layer(model, layer)["inbound_nodes"]![0]!.AsArray();
}
