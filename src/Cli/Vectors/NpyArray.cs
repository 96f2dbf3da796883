using System.Text;

namespace Topfive.Cli;

/// <summary>
/// A numpy array in a file, format 1.0 (NEP 1): magic, version, header length, a Python dictionary padded with spaces
/// so that the data begins at a multiple of 64, then the elements in C order, little-endian.
/// </summary>
internal sealed class NpyArray : IAsyncDisposable
{
    private const int Alignment = 64;
    private const int Prefix = 10;

    private readonly UnfinishedFile _file;

    /// <param name="path">The .npy file.</param>
    /// <param name="type">numpy's type string: "&lt;f4" is float32, "&lt;U10" text of at most ten code points.</param>
    /// <param name="shape">Rows first.</param>
    public NpyArray(string path, string type, params ReadOnlySpan<long> shape)
    {
        var header = Header(type, shape);
        _file = new UnfinishedFile(path);
        _file.Stream.Write(header);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> elements, CancellationToken cancellation) => _file.Stream.WriteAsync(elements, cancellation);

    /// <summary>One element of type "&lt;U{<paramref name="width"/>}": UTF-32, zeros behind it.</summary>
    public ValueTask WriteAsync(string text, int width, CancellationToken cancellation)
    {
        var element = new byte[width * sizeof(int)];
        Encoding.UTF32.GetBytes(text, element);
        return WriteAsync(element, cancellation);
    }

    public Task FinishAsync() => _file.FinishAsync();

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private static byte[] Header(string type, ReadOnlySpan<long> shape)
    {
        // A tuple of one is written with a comma behind it.
        var dictionary = $"{{'descr': '{type}', 'fortran_order': False, 'shape': ({string.Join(", ", shape.ToArray())}{(shape.Length == 1 ? "," : "")}), }}";
        var length = (Prefix + dictionary.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var text = dictionary.PadRight(length - Prefix - 1) + "\n";
        return [0x93, .. "NUMPY"u8, 1, 0, (byte)text.Length, (byte)(text.Length >> 8), .. Encoding.ASCII.GetBytes(text)];
    }
}
