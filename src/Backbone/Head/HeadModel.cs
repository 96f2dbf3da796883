using System.Text.Json;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// A head as an ONNX model that any runtime runs: input <c>vector</c> float32 [n, inputs], output <c>probabilities</c>
/// float32 [n, labels]; labels and backbone fingerprint are in its metadata.
/// </summary>
public static class HeadModel
{
    internal const string LabelsKey = "topfive.labels";
    internal const string FingerprintKey = "topfive.backbone_fingerprint";

    /// <summary>Most bytes of a model that are not numbers: layers, labels, everything else.</summary>
    public const int MaxStructureBytes = 4 << 20;

    public static byte[] Write(DenseHead head)
    {
        var graph = new GraphBuilder("head");
        var current = graph.Input("vector", head.Inputs);
        for (var index = 0; index < head.Layers.Length; index++)
        {
            var (layer, name) = (head.Layers[index], DenseHead.LayerName(index));
            var weights = graph.Constant($"{name}/weights", layer.Weights, layer.Inputs, layer.Units);
            var bias = graph.Constant($"{name}/bias", layer.Bias, layer.Units);
            current = graph.Node("Gemm", name, [current, weights, bias]);
            if (layer.Activation == DenseActivation.Softmax && head.Temperature != 1)
            {
                current = graph.Node("Div", $"{name}/calibrated", [current, graph.Constant("temperature", [head.Temperature], 1)]);
            }

            current = layer.Activation switch
            {
                DenseActivation.Relu => graph.Node("Relu", $"{name}/relu", [current]),
                DenseActivation.Softmax => graph.Node("Softmax", "probabilities", [current], GraphBuilder.Integer("axis", -1)),
                _ => current,
            };
        }

        graph.Output("probabilities", head.Labels.Length);
        List<KeyValuePair<string, string>> metadata =
        [
            new(LabelsKey, JsonSerializer.Serialize(head.Labels)),
            new(FingerprintKey, head.BackboneFingerprint),
        ];
        if (head.Unknown is { } detector) metadata.Add(new(DetectorMetadata.Key, DetectorMetadata.Write(detector)));
        return graph.Build(metadata).ToByteArray();
    }

    /// <summary>
    /// Reads a model of dense layers in a row: Gemm (or MatMul and Add), Relu, Softmax; a Div by one number before Softmax is
    /// the temperature; Dropout, Flatten and Identity are skipped. The model may come from anyone.
    /// </summary>
    /// <param name="model">The file's bytes.</param>
    /// <param name="labels">In index order; null or empty: those in the model's metadata.</param>
    /// <param name="backboneFingerprint">Null or empty: the one in the model's metadata.</param>
    /// <exception cref="InvalidDataException">It is no such model; the message names the layer.</exception>
    public static DenseHead Read(
        ReadOnlySpan<byte> model, IReadOnlyList<string>? labels = null, string? backboneFingerprint = null)
    {
        if (ModelSkim.StructureBytes(model) is > MaxStructureBytes and var bytes)
        {
            throw new InvalidDataException($"the head has {bytes} bytes that are not its layers' numbers; at most {MaxStructureBytes} are read");
        }

        ModelProto parsed;
        try
        {
            parsed = ModelProto.Parser.ParseFrom(model);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new InvalidDataException("the head is not an ONNX model", exception);
        }

        if (parsed.Graph is null) throw new InvalidDataException("the head is not an ONNX model: it has no graph");
        var reader = new DenseGraphReader(parsed.Graph);
        var layers = reader.ReadLayers();
        return new DenseHead(
            labels is { Count: > 0 } ? labels : ReadLabels(Metadata(parsed, LabelsKey)),
            string.IsNullOrEmpty(backboneFingerprint) ? Metadata(parsed, FingerprintKey) : backboneFingerprint,
            layers,
            reader.Temperature)
        {
            Unknown = parsed.MetadataProps.FirstOrDefault(entry => entry.Key == DetectorMetadata.Key) is { } detector ? DetectorMetadata.Read(detector.Value) : null,
        };
    }

    private static string Metadata(ModelProto model, string key) =>
        model.MetadataProps.FirstOrDefault(entry => entry.Key == key)?.Value
            ?? throw new InvalidDataException($"the head's metadata has no {key}, and none was given");

    private static string[] ReadLabels(string json)
    {
        try
        {
            if (JsonSerializer.Deserialize<string?[]>(json) is { } labels && Array.TrueForAll(labels, label => label is not null)) return labels!;
        }
        catch (JsonException)
        {
        }

        throw new InvalidDataException($"the head's {LabelsKey} is not a JSON array of strings");
    }
}
