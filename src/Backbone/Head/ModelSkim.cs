namespace Topfive.Backbones;

/// <summary>
/// Measures a model's bytes before they are parsed. Parsed numbers take the memory that their bytes took, but a node of
/// two bytes becomes an object of a hundred: a hostile file of nothing but nodes would fill the machine.
/// </summary>
internal static class ModelSkim
{
    // One long text takes twice its bytes; only many short ones take many times theirs.
    private const int LongEntry = 64 << 10;

    /// <returns>How many bytes of an ONNX model are not tensors' numbers.</returns>
    public static int StructureBytes(ReadOnlySpan<byte> model) => model.Length - NumberBytes(model, depth: 0);

    // Protocol buffers: a field is a varint of number and wire type, then a varint, a length and that many bytes, 8 or 4 bytes.
    private static int NumberBytes(ReadOnlySpan<byte> message, int depth)
    {
        var bytes = 0;
        while (TryReadVarint(ref message, out var tag))
        {
            var (field, wireType) = (tag >> 3, tag & 7);
            ulong length = wireType switch { 1 => 8, 5 => 4, _ => 0 };
            // What cannot be read any further counts as structure; the parser will refuse it.
            if (wireType is 3 or 4 or > 5 || (wireType is 0 or 2 && !TryReadVarint(ref message, out length))) return bytes;
            if (wireType == 0) continue;
            if (length > (ulong)message.Length) return bytes;
            bytes += (depth, field, wireType) switch
            {
                (0, 7, 2) or (1, 5, 2) => NumberBytes(message[..(int)length], depth + 1), // graph, its initializers
                (2, 4 or 9, 2) => (int)length, // float_data, raw_data
                (0, 14, 2) when length > LongEntry => (int)length, // metadata: a detector's numbers
                _ => 0,
            };
            message = message[(int)length..];
        }

        return bytes;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (var i = 0; i < bytes.Length && i < 10; i++)
        {
            value |= (ulong)(bytes[i] & 0x7F) << (7 * i);
            if (bytes[i] >= 0x80) continue;
            bytes = bytes[(i + 1)..];
            return true;
        }

        return false;
    }
}
