using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Microsoft.Win32.SafeHandles;

namespace Topfive.Cli;

/// <summary>
/// A numpy array in a file, formats 1.0 to 3.0 (NEP 1), read without loading it. The header is a Python dictionary, of which
/// only its three known entries are understood: whatever else numpy can store, pickled objects first of all, is refused.
/// </summary>
internal sealed partial class NpyFile : IDisposable
{
    private const int MaxHeader = 1 << 16;
    private const int BytesAtOnce = 1 << 20;

    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly long _data;

    private NpyFile(SafeFileHandle file, string path, string header, long data)
    {
        (_file, _path, _data) = (file, path, data);
        var (type, order, shape) = (TypeEntry().Match(header), OrderEntry().Match(header), ShapeEntry().Match(header));
        if (!type.Success || !order.Success || !shape.Success)
        {
            throw Failed($"its header is \"{header.Trim()}\"; a plain array of numbers or text is expected");
        }

        if (order.Groups["fortran"].Value == "True" && shape.Groups["shape"].Value.Split(',').Count(side => side.Trim().Length > 0) > 1)
        {
            throw Failed("it is in Fortran order: save numpy.ascontiguousarray of it");
        }

        Type = type.Groups["type"].Value;
        Shape = [.. shape.Groups["shape"].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Side)];
        ItemSize = int.TryParse(type.Groups["size"].Value, CultureInfo.InvariantCulture, out var size) && size < MaxHeader
            ? size * (type.Groups["kind"].Value == "U" ? sizeof(int) : 1)
            : throw Failed($"its type is {Type}, with elements too large");
        var expected = Shape.Aggregate((Int128)ItemSize, (product, side) => product * side);
        if (expected != RandomAccess.GetLength(file) - data)
        {
            throw Failed($"its header says {expected:N0} bytes of data ({string.Join(" × ", Shape)} of {Type}), and it has {RandomAccess.GetLength(file) - data:N0}");
        }
    }

    /// <summary>numpy's type string: "&lt;f4" is float32, "&lt;U10" text.</summary>
    public string Type { get; }

    public IReadOnlyList<long> Shape { get; }

    public int ItemSize { get; }

    /// <exception cref="CommandFailure">There is no such file, or it is no array.</exception>
    public static NpyFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new CommandFailure($"There is no {path}.");
        }

        var file = File.OpenHandle(path);
        try
        {
            var start = new byte[12];
            var length = RandomAccess.Read(file, start, 0);
            if (length < start.Length || !start.AsSpan().StartsWith((ReadOnlySpan<byte>)[0x93, .. "NUMPY"u8]) || start[6] is 0 or > 3)
            {
                throw new CommandFailure($"{path} is no .npy file of format 1 to 3.");
            }

            // Two bytes say the header's length in format 1, four in the later ones.
            var (begin, size) = start[6] == 1
                ? (10, BinaryPrimitives.ReadUInt16LittleEndian(start.AsSpan(8)))
                : (12, BinaryPrimitives.ReadUInt32LittleEndian(start.AsSpan(8)));
            var header = new byte[Math.Min(size, MaxHeader)];
            return RandomAccess.Read(file, header, begin) == size
                ? new NpyFile(file, path, Encoding.UTF8.GetString(header), begin + size)
                : throw new CommandFailure($"{path} is cut short, or its header is longer than {MaxHeader:N0} bytes.");
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>One of text: "&lt;U" of UTF-32, or "|S" of UTF-8.</summary>
    public Task<List<string>> ReadTextsAsync(CancellationToken cancellation) => ReadAsync(
        element => IsUtf32 ? Encoding.UTF32.GetString(element).TrimEnd('\0') : Encoding.UTF8.GetString(element.TrimEnd((byte)0)), cancellation);

    /// <summary>The same as bytes, text as UTF-8.</summary>
    public Task<List<ByteString>> ReadBytesAsync(CancellationToken cancellation) => ReadAsync(
        element => IsUtf32 ? ByteString.CopyFromUtf8(Encoding.UTF32.GetString(element).TrimEnd('\0')) : ByteString.CopyFrom(element.TrimEnd((byte)0)), cancellation);

    /// <param name="position">In bytes from the first element.</param>
    /// <param name="bytes">Filled.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task ReadAsync(long position, Memory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
        {
            var length = await RandomAccess.ReadAsync(_file, bytes, _data + position, cancellation);
            if (length == 0)
            {
                throw Failed("it became shorter while it was read");
            }

            (position, bytes) = (position + length, bytes[length..]);
        }
    }

    public CommandFailure Failed(string reason) => new($"{_path}: {reason}.");

    public void Dispose() => _file.Dispose();

    private bool IsUtf32 => Type.StartsWith("<U", StringComparison.Ordinal);

    private async Task<List<T>> ReadAsync<T>(Func<ReadOnlySpan<byte>, T> decode, CancellationToken cancellation)
    {
        if (Shape.Count != 1 || !(IsUtf32 || Type.StartsWith("|S", StringComparison.Ordinal)))
        {
            throw Failed($"it is {string.Join(" × ", Shape)} of {Type}; it must be one row of text, as numpy.array([...], dtype=str) is");
        }

        if (ItemSize == 0)
        {
            // A hundred bytes of header may claim two billion rows of it.
            return Shape[0] == 0 ? [] : throw Failed($"its {Shape[0]:N0} elements of {Type} have no room for any text");
        }

        var elements = new List<T>();
        var buffer = new byte[Math.Max(1, BytesAtOnce / ItemSize) * ItemSize];
        for (var position = 0L; position < Shape[0] * ItemSize; position += buffer.Length)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, (Shape[0] * ItemSize) - position));
            await ReadAsync(position, part, cancellation);
            for (var i = 0; i < part.Length; i += ItemSize)
            {
                elements.Add(decode(part.Span.Slice(i, ItemSize)));
            }
        }

        return elements;
    }

    private long Side(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var side) && side <= int.MaxValue
        ? side
        : throw Failed($"its shape has a side of {text}; at most {int.MaxValue:N0} is read");

    [GeneratedRegex("""['"]descr['"]: *['"](?<type>[<>|=](?<kind>[a-zA-Z])(?<size>[0-9]+))['"]""")]
    private static partial Regex TypeEntry();

    [GeneratedRegex("""['"]fortran_order['"]: *(?<fortran>True|False)""")]
    private static partial Regex OrderEntry();

    [GeneratedRegex("""['"]shape['"]: *\((?<shape>[0-9, ]*)\)""")]
    private static partial Regex ShapeEntry();
}
