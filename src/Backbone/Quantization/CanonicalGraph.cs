using System.Runtime.InteropServices;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>The float32 graph that the importer writes, to be looked through and changed.</summary>
internal sealed class CanonicalGraph
{
    private static readonly string[] Preprocessing = ["Transpose", "Div", "Add"];
    private static readonly string[] Activating = ["Conv", "Relu", "MaxPool", "AveragePool", "Concat"];
    private static readonly string[] Finishing = ["GlobalAveragePool", "Flatten"];

    /// <param name="model">It is changed, not copied.</param>
    /// <param name="path">Where it was read from, for messages.</param>
    /// <exception cref="InvalidDataException">It is another graph; the message names the node.</exception>
    public CanonicalGraph(ModelProto model, string path)
    {
        Model = model;
        if (Graph.Node.FirstOrDefault(node => !IsCanonical(node)) is { } other)
        {
            throw new InvalidDataException(
                $"{path} is not a graph that `topfive backbone import` writes: its node {other.Name} ({other.OpType}) is no convolution with bias and ReLU, pooling or concatenation; import the weights with this version, and take that file");
        }
    }

    public ModelProto Model { get; }

    public GraphProto Graph => Model.Graph;

    /// <summary>The preprocessed image: the first tensor that a convolution reads.</summary>
    public string Image => Graph.Node.First(node => node.OpType == "Conv").Input[0];

    /// <summary>What turns pixels into <see cref="Image"/>, in order.</summary>
    public IEnumerable<NodeProto> ImagePreprocessing => Graph.Node.Where(node => Preprocessing.Contains(node.OpType));

    /// <summary>Tensors [n, channels, height, width] whose ranges matter, in the order in which they are computed.</summary>
    public IEnumerable<string> Activations => [Image, .. Graph.Node.Where(node => Activating.Contains(node.OpType)).Select(node => node.Output[0])];

    public static ReadOnlySpan<float> Values(TensorProto tensor) => MemoryMarshal.Cast<byte, float>(tensor.RawData.Span);

    /// <returns>Null: the tensor is an input or a constant.</returns>
    public NodeProto? Producer(string tensor) => Graph.Node.FirstOrDefault(node => node.Output[0] == tensor);

    public NodeProto[] Consumers(string tensor) => [.. Graph.Node.Where(node => node.Input.Contains(tensor))];

    public bool IsBeforeRelu(string tensor) => Consumers(tensor) is [{ OpType: "Relu" }];

    /// <returns>Null: the tensor is no constant.</returns>
    public TensorProto? Constant(string name) => Graph.Initializer.FirstOrDefault(tensor => tensor.Name == name);

    private bool IsCanonical(NodeProto node) => node.OpType == "Conv"
        ? node.Input.Count == 3 && Constant(node.Input[1]) is not null && Constant(node.Input[2]) is not null && IsBeforeRelu(node.Output[0])
        : Preprocessing.Contains(node.OpType) || Activating.Contains(node.OpType) || Finishing.Contains(node.OpType);
}
