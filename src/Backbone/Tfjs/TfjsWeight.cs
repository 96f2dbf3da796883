using System.Buffers.Binary;
using System.Text.Json;

namespace Topfive.Backbones;

/// <summary>One weight as a TF.js manifest describes it: where its numbers stand, and how they are written.</summary>
internal sealed class TfjsWeight
{
    private readonly string _stored;
    private readonly double _minimum;
    private readonly double _scale;

    public TfjsWeight(JsonElement entry)
    {
        Name = Text(entry, "name") ?? throw new InvalidDataException("a weight in model.json has no name");
        Shape = ReadShape(entry);
        var type = Text(entry, "dtype");
        if (type is not ("float32" or "float16")) throw new InvalidDataException($"{Description} has unknown dtype '{type}'; float32 and float16 are known");
        _stored = type;
        if (!entry.TryGetProperty("quantization", out var quantization) || quantization.ValueKind == JsonValueKind.Null) return;
        _stored = Text(quantization, "dtype") ?? "";
        if (_stored is not ("uint8" or "uint16" or "float16")) throw new InvalidDataException($"{Description} has unknown quantisation '{_stored}'; uint8, uint16 and float16 are known");
        if (_stored == "float16") return;
        _minimum = Number(quantization, "min");
        _scale = Number(quantization, "scale");
    }

    public string Name { get; }

    public int[] Shape { get; }

    public long Count => Shape.Aggregate(1L, (product, size) => checked(product * size));

    public long Bytes => checked(Count * Size);

    public string Description => $"weight {Name} of layer {(Name.LastIndexOf('/') is > 0 and var slash ? Name[..slash] : Name)}";

    private int Size => _stored switch { "uint8" => 1, "uint16" or "float16" => 2, _ => 4 };

    /// <summary>The numbers, in double: whoever computes with them rounds once, at the end.</summary>
    /// <param name="bytes">Exactly <see cref="Bytes"/> of them, little-endian.</param>
    public double[] Read(ReadOnlySpan<byte> bytes)
    {
        var values = new double[Count];
        for (var i = 0; i < values.Length; i++)
        {
            var number = bytes.Slice(i * Size, Size);
            values[i] = _stored switch
            {
                "uint8" => _minimum + (number[0] * _scale),
                "uint16" => _minimum + (BinaryPrimitives.ReadUInt16LittleEndian(number) * _scale),
                "float16" => (double)BinaryPrimitives.ReadHalfLittleEndian(number),
                _ => BinaryPrimitives.ReadSingleLittleEndian(number),
            };
        }

        return values;
    }

    private int[] ReadShape(JsonElement entry)
    {
        if (entry.TryGetProperty("shape", out var shape) && shape.ValueKind == JsonValueKind.Array)
        {
            var sizes = shape.EnumerateArray().Select(size => size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out var number) ? number : -1).ToArray();
            // A billion numbers are more than any layer here has, and keep every product within a long.
            if (sizes.Length <= 6 && Array.TrueForAll(sizes, size => size >= 0) && sizes.Aggregate(1.0, (product, size) => product * size) <= 1e9) return sizes;
        }

        throw new InvalidDataException($"{Description} has no usable shape");
    }

    private double Number(JsonElement quantization, string name) =>
        quantization.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : throw new InvalidDataException($"{Description} has a quantisation without {name}");

    private static string? Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var child) && child.ValueKind == JsonValueKind.String ? child.GetString() : null;
}
