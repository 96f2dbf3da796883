using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// The canonical ONNX graph of Inception V3: input <c>pixels</c> float32 [n, 299, 299, 3], RGB, 0 to 255; output
/// <c>vector</c> float32 [n, 2048].
/// </summary>
internal sealed class BackboneGraph
{
    private readonly GraphBuilder _graph = new(InceptionV3.Name);
    private readonly IReadOnlyDictionary<Convolution, FoldedConvolution> _weights;
    private readonly Dictionary<Operation, string> _written = [];
    private readonly PixelRange _range;

    private BackboneGraph(IReadOnlyDictionary<Convolution, FoldedConvolution> weights, PixelRange range) => (_weights, _range) = (weights, range);

    public static GraphBuilder Write(InceptionV3 architecture, IReadOnlyDictionary<Convolution, FoldedConvolution> weights, PixelRange range)
    {
        var writer = new BackboneGraph(weights, range);
        var blocks = writer.Write(architecture.Output);
        var pooled = writer._graph.Node("GlobalAveragePool", "pooled", [blocks]);
        writer._graph.Output(writer._graph.Node("Flatten", "vector", [pooled]), InceptionV3.Dimensions);
        return writer._graph;
    }

    private string Write(Operation operation)
    {
        if (_written.TryGetValue(operation, out var output)) return output;
        string[] inputs = [.. operation.Inputs.Select(Write)];
        return _written[operation] = operation switch
        {
            InputImage => Preprocess(),
            Convolution convolution => Convolve(convolution, inputs[0]),
            MaxPooling => _graph.Node("MaxPool", operation.Name, inputs, GraphBuilder.Integers("kernel_shape", 3, 3), GraphBuilder.Integers("strides", 2, 2)),
            // ONNX leaves padding out of the mean unless told otherwise, as TensorFlow does.
            AveragePooling => _graph.Node("AveragePool", operation.Name, inputs, GraphBuilder.Integers("kernel_shape", 3, 3), GraphBuilder.Integers("pads", 1, 1, 1, 1)),
            Concatenation => _graph.Node("Concat", operation.Name, inputs, GraphBuilder.Integer("axis", 1)),
            _ => throw new NotSupportedException(operation.GetType().Name),
        };
    }

    private string Preprocess()
    {
        var pixels = _graph.Input("pixels", InceptionV3.Size, InceptionV3.Size, 3);
        var planes = _graph.Node("Transpose", "planes", [pixels], GraphBuilder.Integers("perm", 0, 3, 1, 2));
        var scaled = _graph.Node("Div", "scaled", [planes, _graph.Constant("divisor", [_range.Divisor()])]);
        return _range.Offset() == 0 ? scaled : _graph.Node("Add", "shifted", [scaled, _graph.Constant("offset", [_range.Offset()])]);
    }

    private string Convolve(Convolution convolution, string input)
    {
        var (name, folded) = (convolution.Name, _weights[convolution]);
        var weights = _graph.Constant($"{name}/weights", folded.Weights, convolution.Channels, convolution.Inputs[0].Channels, convolution.Height, convolution.Width);
        var bias = _graph.Constant($"{name}/bias", folded.Bias, convolution.Channels);
        var (above, left) = convolution.Padded ? (convolution.Height / 2, convolution.Width / 2) : (0, 0);
        var sums = _graph.Node(
            "Conv", name, [input, weights, bias],
            GraphBuilder.Integers("kernel_shape", convolution.Height, convolution.Width),
            GraphBuilder.Integers("pads", above, left, above, left),
            GraphBuilder.Integers("strides", convolution.Stride, convolution.Stride));
        return _graph.Node("Relu", $"{name}/relu", [sums]);
    }
}
