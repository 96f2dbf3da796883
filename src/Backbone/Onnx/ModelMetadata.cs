using Google.Protobuf;

namespace Topfive.Backbones.Onnx;

/// <summary>An ONNX file's metadata_props, read without its weights: the stream skips them instead of reading them.</summary>
internal static class ModelMetadata
{
    // A golden vector takes 11 KB in base64; a list of labels may be longer.
    private const int LongestEntry = 16 << 20;
    private const int MetadataProps = 14;

    /// <param name="model">The file from its beginning; must be able to seek.</param>
    /// <exception cref="InvalidDataException">These bytes are no protocol buffer, end too early, or hold an entry of over 16 MB.</exception>
    public static Dictionary<string, string> Read(Stream model)
    {
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        while (TryReadVarint(model, out var tag))
        {
            var (field, wireType) = ((int)(tag >> 3), (WireFormat.WireType)(tag & 7));
            if (wireType == WireFormat.WireType.Varint)
            {
                ReadVarint(model);
                continue;
            }

            var length = wireType switch
            {
                WireFormat.WireType.LengthDelimited => ReadVarint(model),
                WireFormat.WireType.Fixed64 => 8UL,
                WireFormat.WireType.Fixed32 => 4UL,
                _ => throw new InvalidDataException($"a field of wire type {(int)wireType}"),
            };
            var left = model.Length - model.Position;
            if (length > (ulong)left) throw new InvalidDataException($"a field of {length:N0} bytes where {left:N0} are left");
            if ((field, wireType) == (MetadataProps, WireFormat.WireType.LengthDelimited))
            {
                var entry = Entry(model, length);
                entries[entry.Key] = entry.Value;
            }
            else
            {
                model.Seek((long)length, SeekOrigin.Current);
            }
        }

        return entries;
    }

    private static StringStringEntryProto Entry(Stream model, ulong length)
    {
        if (length > LongestEntry) throw new InvalidDataException($"a metadata entry of {length:N0} bytes; at most {LongestEntry:N0} are read");
        var bytes = new byte[length];
        model.ReadExactly(bytes);
        return StringStringEntryProto.Parser.ParseFrom(bytes);
    }

    private static ulong ReadVarint(Stream model) =>
        TryReadVarint(model, out var value) ? value : throw new InvalidDataException("an end in the middle of a field");

    /// <returns>False at the end of the file.</returns>
    private static bool TryReadVarint(Stream model, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = model.ReadByte();
            if (next < 0) return shift > 0 ? throw new InvalidDataException("an end in the middle of a number") : false;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return true;
        }

        throw new InvalidDataException("a number of more than 64 bits");
    }
}
