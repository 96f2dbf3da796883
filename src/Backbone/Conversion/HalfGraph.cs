using System.Runtime.InteropServices;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// Turns a float32 graph's convolutions, poolings and concatenations to float16. What makes an image of pixels stays float32, because
/// fractions of 255ths would be lost, and so does the mean over the last block, so that the vector has all digits of it.
/// </summary>
internal static class HalfGraph
{
    /// <exception cref="InvalidDataException">A weight does not fit; the message names the tensor.</exception>
    public static void Convert(CanonicalGraph source, string path)
    {
        foreach (var convolution in source.Graph.Node.Where(node => node.OpType == "Conv"))
        {
            Halve(source.Constant(convolution.Input[1])!, path);
            Halve(source.Constant(convolution.Input[2])!, path);
        }

        var image = source.Image;
        var mean = source.Graph.Node.Single(node => node.OpType == "GlobalAveragePool");
        source.Graph.InsertCast(image, ElementType.Float16, source.Consumers(image));
        source.Graph.InsertCast(mean.Input[0], ElementType.Float, [mean]);
    }

    private static void Halve(TensorProto tensor, string path)
    {
        var halves = Array.ConvertAll(CanonicalGraph.Values(tensor).ToArray(), value => (Half)value);
        if (!Array.TrueForAll(halves, Half.IsFinite))
        {
            throw new InvalidDataException($"{path} cannot be fp16: {tensor.Name} holds numbers beyond ±65,504");
        }

        tensor.DataType = (int)ElementType.Float16;
        tensor.RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(halves.AsSpan()));
    }
}
