using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// Makes an int8 backbone of a float32 one: static quantization, int8 weights with a scale a filter, uint8 activations with
/// ranges from calibration images. It is a backbone of its own: its vectors never mix with the other's.
/// </summary>
public static class BackboneQuantizer
{
    /// <summary>What <see cref="BackboneFile.Precision"/> says of its files.</summary>
    public const string Precision = "int8";

    /// <param name="backboneFile">The .onnx file of an imported float32 backbone.</param>
    /// <param name="images">To calibrate with, one at least: pixels [height, width, 3], 0 to 255, of the size that the backbone reads.</param>
    /// <param name="outFile">The .onnx file to write.</param>
    /// <param name="cancellation">Looked at between images.</param>
    /// <exception cref="InvalidDataException">
    /// It is no float32 backbone, or not one that the importer wrote, or there are no images; the message says which.
    /// </exception>
    public static BackboneFile Quantize(string backboneFile, IEnumerable<float[]> images, string outFile, CancellationToken cancellation = default)
    {
        var source = BackboneFile.Read(backboneFile);
        if (source.Precision != "fp32")
        {
            throw new InvalidDataException($"{backboneFile} is {source.Precision}: only an fp32 backbone, as `topfive backbone import` writes it, can be quantized");
        }

        var graph = new CanonicalGraph(ModelProto.Parser.ParseFrom(File.ReadAllBytes(backboneFile)), backboneFile);
        EquivalentRewrites.AverageAfterPointwise(graph);
        var calibration = Calibration.Run(graph, images, cancellation);
        var model = QuantizedGraph.Write(graph, calibration);
        var backbone = source with
        {
            Fingerprint = GraphFingerprint.Of(source.Name, source.Preprocessing, Precision, model),
            Precision = Precision,
            HeadLabels = [],
            GoldenVector = GoldenImage.Vector(model),
            Quantization = new Quantization(source.Fingerprint, calibration.Digest, calibration.Images),
        };
        model.MetadataProps.Add(backbone.Metadata().Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        BackboneImporter.WriteBeside(outFile, head: null);
        WholeFile.Write(outFile, model.ToByteArray());
        return backbone;
    }
}
