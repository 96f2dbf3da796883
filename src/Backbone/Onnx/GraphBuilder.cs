using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Topfive.Backbones.Onnx;

/// <summary>Writes an ONNX graph node by node. Tensors are float32; each node's output carries the node's name.</summary>
internal sealed class GraphBuilder(string name)
{
    // IR 8 and opset 17 (2022) have every operator that is needed, and every runtime in use reads them.
    private const int IrVersion = 8;
    private const int Opset = 17;

    private readonly GraphProto _graph = new() { Name = name };

    /// <param name="name">The input's name.</param>
    /// <param name="dimensions">Without the first one, which is the batch and free.</param>
    public string Input(string name, params ReadOnlySpan<int> dimensions)
    {
        _graph.Input.Add(Value(name, dimensions));
        return name;
    }

    /// <param name="name">A node's name.</param>
    /// <param name="dimensions">Without the first one, which is the batch and free.</param>
    public void Output(string name, params ReadOnlySpan<int> dimensions) => _graph.Output.Add(Value(name, dimensions));

    public string Constant(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> dimensions)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)ElementType.Float,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)),
        };
        foreach (var dimension in dimensions) tensor.Dims.Add(dimension);
        _graph.Initializer.Add(tensor);
        return name;
    }

    /// <returns>The name of the node's output, which is <paramref name="name"/>.</returns>
    public string Node(string operation, string name, string[] inputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = operation, Name = name, Output = { name } };
        node.Input.Add(inputs);
        foreach (var attribute in attributes) node.Attribute.Add(attribute);
        _graph.Node.Add(node);
        return name;
    }

    public static AttributeProto Integer(string name, int value) => new() { Name = name, I = value, Type = 2 };

    public static AttributeProto Integers(string name, params ReadOnlySpan<int> values)
    {
        var attribute = new AttributeProto { Name = name, Type = 7 };
        foreach (var value in values) attribute.Ints.Add(value);
        return attribute;
    }

    /// <param name="metadata">The file's metadata, written in this order.</param>
    public ModelProto Build(IEnumerable<KeyValuePair<string, string>> metadata)
    {
        var model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "topfive",
            Graph = _graph,
            OpsetImport = { new OperatorSetIdProto { Version = Opset } },
        };
        model.MetadataProps.Add(metadata.Select(entry => new StringStringEntryProto { Key = entry.Key, Value = entry.Value }));
        return model;
    }

    private static ValueInfoProto Value(string name, ReadOnlySpan<int> dimensions)
    {
        var shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimParam = "n" } } };
        foreach (var dimension in dimensions) shape.Dim.Add(new TensorShapeProto.Types.Dimension { DimValue = dimension });
        return new ValueInfoProto
        {
            Name = name,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float, Shape = shape } },
        };
    }
}
