using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>Lets a graph read its pixels as bytes; what it computes of them stays as it is.</summary>
internal static class ByteInput
{
    public static void Apply(GraphProto graph)
    {
        var pixels = graph.Input.Single();
        pixels.Type.TensorType.ElemType = (int)ElementType.UInt8;
        NodeProto[] readers = [.. graph.Node.Where(node => node.Input.Contains(pixels.Name))];
        // To turn rows of pixels into planes is cheaper while they are bytes.
        var (tensor, consumers) = readers is [{ OpType: "Transpose" } transpose]
            ? (transpose.Output[0], [.. graph.Node.Where(node => node.Input.Contains(transpose.Output[0]))])
            : (pixels.Name, readers);
        graph.InsertCast(tensor, ElementType.Float, consumers);
    }
}
