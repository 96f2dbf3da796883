using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

internal static class GraphCasts
{
    /// <summary>Some of a tensor's consumers read it as another type from now on.</summary>
    public static void InsertCast(this GraphProto graph, string tensor, ElementType type, IReadOnlyCollection<NodeProto> consumers)
    {
        var name = $"{tensor}/{type}";
        foreach (var consumer in consumers)
        {
            for (var i = 0; i < consumer.Input.Count; i++)
            {
                if (consumer.Input[i] == tensor) consumer.Input[i] = name;
            }
        }

        var cast = new NodeProto { OpType = "Cast", Name = name, Input = { tensor }, Output = { name }, Attribute = { GraphBuilder.Integer("to", (int)type) } };
        // Nodes stand in the order in which they are computed; what no node makes is the input.
        var producer = graph.Node.FirstOrDefault(node => node.Output[0] == tensor);
        graph.Node.Insert(producer is null ? 0 : graph.Node.IndexOf(producer) + 1, cast);
    }
}
