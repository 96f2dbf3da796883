using System.Buffers.Binary;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>Reads the dense layers of an ONNX graph that comes from anyone.</summary>
internal sealed class DenseGraphReader
{
    private const int Float = 1;

    private readonly GraphProto _graph;
    private readonly Dictionary<string, TensorProto> _constants = new(StringComparer.Ordinal);
    private readonly List<DenseLayer> _layers = [];
    private bool _isDivided;

    public DenseGraphReader(GraphProto graph)
    {
        _graph = graph;
        foreach (var constant in graph.Initializer)
        {
            if (!_constants.TryAdd(constant.Name, constant)) throw new InvalidDataException($"initializer '{constant.Name}' stands twice in the head");
        }
    }

    /// <summary>What the last layer's sums are divided by; 1 unless the model says so.</summary>
    public float Temperature { get; private set; } = 1;

    public List<DenseLayer> ReadLayers()
    {
        // Older exporters list the initializers among the inputs.
        var inputs = _graph.Input.Where(input => !_constants.ContainsKey(input.Name)).ToList();
        if (inputs.Count != 1 || _graph.Output.Count != 1)
        {
            throw new InvalidDataException($"a head has one input and one output, this model {inputs.Count} and {_graph.Output.Count}");
        }

        var current = inputs[0].Name;
        foreach (var node in _graph.Node)
        {
            if (node.Input.Count == 0 || node.Output.Count == 0 || node.Input[0] != current)
            {
                throw new InvalidDataException($"layer {Name(node)} does not follow the one before it: a head's layers stand in one row");
            }

            Read(node);
            current = node.Output[0];
        }

        if (current != _graph.Output[0].Name) throw new InvalidDataException($"the head's output '{_graph.Output[0].Name}' is not its last layer's");
        return _layers;
    }

    private void Read(NodeProto node)
    {
        if (_isDivided && node.OpType is not ("Softmax" or "Dropout" or "Flatten" or "Identity"))
        {
            throw new InvalidDataException($"layer {Name(node)} follows a division, which only Softmax may: the temperature is the last layer's");
        }

        switch (node.OpType)
        {
            case "Gemm":
                ReadGemm(node);
                break;
            case "MatMul":
                ReadDense(node, transposed: false, withBias: false);
                break;
            case "Add":
                ReadBias(node);
                break;
            case "Div":
                ReadTemperature(node);
                break;
            case "Relu":
                Activate(node, DenseActivation.Relu);
                break;
            case "Softmax":
                Activate(node, DenseActivation.Softmax);
                break;
            case "Dropout" or "Flatten" or "Identity":
                break;
            default:
                throw new InvalidDataException(
                    $"layer {Name(node)} has operator '{node.OpType}'; a head may have Gemm, MatMul, Add, Div, Relu, Softmax, Dropout, Flatten, Identity");
        }
    }

    private void ReadGemm(NodeProto node)
    {
        foreach (var attribute in node.Attribute)
        {
            var known = attribute.Name switch
            {
                "alpha" or "beta" => attribute.F == 1,
                "transA" => attribute.I == 0,
                "transB" => attribute.I is 0 or 1,
                _ => false,
            };
            if (!known) throw new InvalidDataException($"layer {Name(node)} has a Gemm attribute '{attribute.Name}' that a dense layer has not");
        }

        ReadDense(node, node.Attribute.Any(attribute => attribute is { Name: "transB", I: 1 }), withBias: node.Input.Count > 2);
    }

    private void ReadDense(NodeProto node, bool transposed, bool withBias)
    {
        var (dimensions, weights) = Take(node, 1, rank: 2);
        var (inputs, units) = transposed ? (dimensions[1], dimensions[0]) : (dimensions[0], dimensions[1]);
        if (transposed) weights = Transpose(weights, units, inputs);
        var bias = withBias ? TakeBias(node, 2, units) : new float[units];
        _layers.Add(new DenseLayer(inputs, units, weights, bias, DenseActivation.Linear));
    }

    private void ReadBias(NodeProto node)
    {
        if (_layers.Count == 0 || _layers[^1].Activation != DenseActivation.Linear) throw new InvalidDataException($"layer {Name(node)} adds to what is no dense layer");
        var bias = TakeBias(node, 1, _layers[^1].Units);
        for (var unit = 0; unit < bias.Length; unit++) bias[unit] += _layers[^1].Bias[unit];
        _layers[^1] = _layers[^1] with { Bias = bias };
    }

    private void ReadTemperature(NodeProto node)
    {
        var (dimensions, divisor) = Take(node, 1, rank: 1);
        if (_layers.Count == 0 || _layers[^1].Activation != DenseActivation.Linear || dimensions[0] != 1)
        {
            throw new InvalidDataException($"layer {Name(node)} divides; a head may only divide the sums of its last layer, by one number");
        }

        (Temperature, _isDivided) = (divisor[0], true);
    }

    private void Activate(NodeProto node, DenseActivation activation)
    {
        if (_layers.Count == 0 || _layers[^1].Activation != DenseActivation.Linear)
        {
            throw new InvalidDataException($"layer {Name(node)} has an activation without a dense layer before it");
        }

        if (node.Attribute.Any(attribute => attribute.Name != "axis" || attribute.I is not (-1 or 1)))
        {
            throw new InvalidDataException($"layer {Name(node)} must have no attribute but axis -1");
        }

        _layers[^1] = _layers[^1] with { Activation = activation };
    }

    private float[] TakeBias(NodeProto node, int input, int units)
    {
        var (dimensions, bias) = Take(node, input, rank: 1);
        return dimensions[0] == units
            ? bias
            : throw new InvalidDataException($"layer {Name(node)} has {units} units and {dimensions[0]} biases");
    }

    // A constant is taken once: a small file cannot name one large tensor a thousand times.
    private (int[] Dimensions, float[] Values) Take(NodeProto node, int input, int rank)
    {
        if (node.Input.Count <= input || !_constants.Remove(node.Input[input], out var tensor))
        {
            throw new InvalidDataException($"layer {Name(node)}: its input {input} is missing, or used before");
        }

        if (tensor.DataType != Float) throw new InvalidDataException($"layer {Name(node)}: '{tensor.Name}' has ONNX type {tensor.DataType}, not float32 (1)");
        if (tensor.Dims.Count != rank || tensor.Dims.Any(dimension => dimension is < 1 or > int.MaxValue))
        {
            throw new InvalidDataException($"layer {Name(node)}: '{tensor.Name}' must have {rank} dimensions from 1 up");
        }

        var dimensions = tensor.Dims.Select(dimension => (int)dimension).ToArray();
        var expected = dimensions.Aggregate(1L, (product, dimension) => product * dimension);
        var present = tensor.RawData.IsEmpty ? tensor.FloatData.Count : tensor.RawData.Length / (double)sizeof(float);
        if (present != expected) throw new InvalidDataException($"layer {Name(node)}: '{tensor.Name}' holds {present} numbers, its shape needs {expected}");
        return (dimensions, Values(tensor, (int)expected));
    }

    private static float[] Values(TensorProto tensor, int count)
    {
        if (tensor.RawData.IsEmpty) return [.. tensor.FloatData];
        var values = new float[count];
        var bytes = tensor.RawData.Span;
        for (var i = 0; i < count; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(i * sizeof(float))..]);
        return values;
    }

    private static float[] Transpose(float[] values, int rows, int columns)
    {
        var transposed = new float[values.Length];
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++) transposed[(column * rows) + row] = values[(row * columns) + column];
        }

        return transposed;
    }

    private static string Name(NodeProto node) => node.Name.Length > 0 ? node.Name : node.Output.Count > 0 ? node.Output[0] : node.OpType;
}
