using System.Runtime.InteropServices;
using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// Writes a float32 graph with int8 weights and uint8 activations, in ONNX's QDQ form: what is float32 stands between a
/// DequantizeLinear and a QuantizeLinear, and a runtime computes the three of them on the bytes themselves.
/// </summary>
internal sealed class QuantizedGraph
{
    private readonly CanonicalGraph _source;
    private readonly Calibration _calibration;
    private readonly IReadOnlyDictionary<string, ActivationRange> _ranges;
    private readonly GraphProto _graph;

    private QuantizedGraph(CanonicalGraph source, Calibration calibration)
    {
        (_source, _calibration, _ranges) = (source, calibration, ActivationRanges.Choose(source, calibration));
        _graph = new GraphProto { Name = source.Graph.Name, Input = { source.Graph.Input }, Output = { source.Graph.Output } };
    }

    /// <returns>A model without metadata.</returns>
    public static ModelProto Write(CanonicalGraph source, Calibration calibration)
    {
        var writer = new QuantizedGraph(source, calibration);
        foreach (var node in source.Graph.Node) writer.Write(node);
        return new ModelProto
        {
            IrVersion = source.Model.IrVersion,
            ProducerName = source.Model.ProducerName,
            OpsetImport = { source.Model.OpsetImport },
            Graph = writer._graph,
        };
    }

    private void Write(NodeProto node)
    {
        var copy = node.Clone();
        if (node.OpType == "Conv") Quantize(copy);
        else Copy(copy);

        // Bytes of a ReLU's result begin at 0: whatever is below becomes 0 without it.
        if (_source.IsBeforeRelu(node.Output[0])) copy.Output[0] = _source.Consumers(node.Output[0]).Single().Output[0];
        if (node.OpType != "Relu") _graph.Node.Add(copy);
        if (_ranges.TryGetValue(copy.Output[0], out var range) && node.OpType != "Relu") Quantize(copy.Output[0], range);
    }

    private void Copy(NodeProto node)
    {
        for (var i = 0; i < node.Input.Count; i++)
        {
            if (_source.Constant(node.Input[i]) is { } constant) _graph.Initializer.Add(constant);
            node.Input[i] = Reading(node.Input[i]);
        }
    }

    private void Quantize(NodeProto convolution)
    {
        var (input, weights, bias) = (convolution.Input[0], _source.Constant(convolution.Input[1])!, _source.Constant(convolution.Input[2])!);
        var values = CanonicalGraph.Values(weights);
        var quantized = QuantizedWeights.Of(values, (int)weights.Dims[0]);
        var shift = quantized.MeanShift(values, _calibration.Statistics[input].ChannelMeans);
        // A bias is added to sums of products of bytes: it has their scale.
        var scales = Array.ConvertAll(quantized.Scales, scale => scale * _ranges[input].Scale);
        var biases = new int[scales.Length];
        for (var filter = 0; filter < biases.Length; filter++)
        {
            biases[filter] = (int)Math.Round(Math.Clamp((CanonicalGraph.Values(bias)[filter] + shift[filter]) / scales[filter], int.MinValue, int.MaxValue));
        }

        convolution.Input[0] = Reading(input);
        convolution.Input[1] = ConstantOfFilters<sbyte>(weights.Name, ElementType.Int8, quantized.Values, [.. weights.Dims], quantized.Scales);
        convolution.Input[2] = ConstantOfFilters<int>(bias.Name, ElementType.Int32, biases, [.. bias.Dims], scales);
    }

    private void Quantize(string activation, ActivationRange range)
    {
        var scale = Constant<float>($"{activation}/scale", ElementType.Float, [range.Scale]);
        var zero = Constant<byte>($"{activation}/zero", ElementType.UInt8, [range.ZeroPoint]);
        var bytes = $"{activation}/bytes";
        _graph.Node.Add(new NodeProto { OpType = "QuantizeLinear", Name = bytes, Input = { activation, scale, zero }, Output = { bytes } });
        Dequantize(Reading(activation), [bytes, scale, zero]);
    }

    private string ConstantOfFilters<T>(string name, ElementType type, ReadOnlySpan<T> values, long[] dimensions, float[] scales) where T : unmanaged
    {
        string[] inputs =
        [
            Constant($"{name}/values", type, values, dimensions),
            Constant<float>($"{name}/scales", ElementType.Float, scales, scales.Length),
            Constant($"{name}/zeros", type, new T[scales.Length], scales.Length),
        ];
        return Dequantize(name, inputs, GraphBuilder.Integer("axis", 0));
    }

    private string Dequantize(string name, string[] inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = "DequantizeLinear", Name = name, Input = { inputs }, Output = { name } };
        foreach (var attribute in attributes) node.Attribute.Add(attribute);
        _graph.Node.Add(node);
        return name;
    }

    private string Constant<T>(string name, ElementType type, ReadOnlySpan<T> values, params long[] dimensions) where T : unmanaged
    {
        _graph.Initializer.Add(new TensorProto
        {
            Name = name,
            DataType = (int)type,
            Dims = { dimensions },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)),
        });
        return name;
    }

    /// <summary>What a node reads that wants the tensor.</summary>
    private string Reading(string tensor) => _ranges.ContainsKey(tensor) ? $"{tensor}/read" : tensor;
}
