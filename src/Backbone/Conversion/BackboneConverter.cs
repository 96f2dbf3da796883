using System.Numerics.Tensors;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// Makes a backbone for GPUs of an imported one: float16 weights and arithmetic, pixels read as bytes, or both. The vectors stay
/// float32. It is a backbone of its own: its vectors come near the other's and never mix with them.
/// </summary>
public static class BackboneConverter
{
    /// <summary>What <see cref="BackboneFile.Precision"/> says of float16 backbones.</summary>
    public const string Fp16 = "fp16";

    /// <summary>What <see cref="BackboneFile.Precision"/> says of float32 backbones.</summary>
    public const string Fp32 = "fp32";

    // Rounding of weights, sums and pixels came to 0.99999; a sum beyond float16's range gives NaN or another image's cosine.
    private const double LeastCosine = 0.999;

    /// <param name="backboneFile">The .onnx file of an imported float32 backbone.</param>
    /// <param name="precision"><see cref="Fp32"/> or <see cref="Fp16"/>.</param>
    /// <param name="pixels">What it will read.</param>
    /// <param name="outFile">The .onnx file to write.</param>
    /// <exception cref="InvalidDataException">
    /// It is no float32 backbone, or not one that the importer wrote, or its numbers do not fit into float16; the message says which.
    /// </exception>
    public static BackboneFile Convert(string backboneFile, string precision, PixelType pixels, string outFile)
    {
        var source = BackboneFile.Read(backboneFile);
        if (source.Precision != Fp32 || source.Pixels != PixelType.Floats)
        {
            throw new InvalidDataException(
                $"{backboneFile} is {source.Precision} and reads pixels as {(source.Pixels == PixelType.Bytes ? "uint8" : "float32")}: only an fp32 backbone that reads float32, as `topfive backbone import` writes it, can be converted");
        }

        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(backboneFile));
        if (precision == Fp16) HalfGraph.Convert(new CanonicalGraph(model, backboneFile), backboneFile);
        if (pixels == PixelType.Bytes) ByteInput.Apply(model.Graph);
        model.MetadataProps.Clear();
        var preprocessing = pixels == PixelType.Bytes ? $"{source.Preprocessing}; resized pixels rounded to 8 bits" : source.Preprocessing;
        var backbone = source with
        {
            Fingerprint = GraphFingerprint.Of(source.Name, preprocessing, precision, model),
            Preprocessing = preprocessing,
            Precision = precision,
            Pixels = pixels,
            HeadLabels = [],
            GoldenVector = GoldenImage.Vector(model),
            ConvertedFrom = source.Fingerprint,
        };
        CheckNear(source, backbone, backboneFile);
        model.MetadataProps.Add(backbone.Metadata().Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        BackboneImporter.WriteBeside(outFile, head: null);
        WholeFile.Write(outFile, model.ToByteArray());
        return backbone;
    }

    private static void CheckNear(BackboneFile source, BackboneFile converted, string path)
    {
        var cosine = TensorPrimitives.CosineSimilarity<float>(source.GoldenVector, converted.GoldenVector);
        if (!(cosine >= LeastCosine))
        {
            throw new InvalidDataException(
                $"{path} cannot be {converted.Precision}: its vector of the golden image has a cosine of {cosine:F4} to the {source.Precision} one, at least {LeastCosine} is demanded; some of its sums go beyond ±65,504");
        }
    }
}
