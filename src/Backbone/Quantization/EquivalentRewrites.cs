using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>Changes of a float32 graph that leave what it computes as it is, and make it cheaper as int8.</summary>
internal static class EquivalentRewrites
{
    /// <summary>
    /// A mean of 3×3 pixels before a 1×1 convolution becomes one behind it. Both are linear and the mean leaves padding out, so the
    /// result is the same; but it runs over the convolution's results, which are a tenth of its inputs.
    /// </summary>
    public static void AverageAfterPointwise(CanonicalGraph graph)
    {
        var nodes = graph.Graph.Node;
        foreach (var pooling in nodes.Where(node => node.OpType == "AveragePool").ToArray())
        {
            if (graph.Consumers(pooling.Output[0]) is not [{ OpType: "Conv" } convolution] || !IsPointwise(convolution)) continue;
            var relu = graph.Consumers(convolution.Output[0]).Single();
            convolution.Input[0] = pooling.Input[0];
            pooling.Input[0] = convolution.Output[0];
            relu.Input[0] = pooling.Output[0];
            nodes.Remove(pooling);
            nodes.Insert(nodes.IndexOf(convolution) + 1, pooling);
        }
    }

    private static bool IsPointwise(NodeProto convolution) =>
        convolution.Attribute.All(attribute => attribute.Name == "pads" ? attribute.Ints.All(pad => pad == 0) : attribute.Ints.All(size => size == 1));
}
