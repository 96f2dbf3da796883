using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Topfive.Inference.V2;

namespace Topfive.Gateway;

/// <summary>Answers of models with one output, in raw form, as Triton gives them.</summary>
internal static class OutputTensor
{
    private const int LengthBytes = 4;

    /// <param name="name">Of the output.</param>
    /// <param name="rows">How many images.</param>
    /// <param name="columns">Numbers of each.</param>
    /// <param name="write">Writes those of the image at a place.</param>
    public static ModelInferResponse OfNumbers(string name, int rows, int columns, Action<int, Span<float>> write)
    {
        var bytes = new byte[rows * columns * sizeof(float)];
        var numbers = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (var row = 0; row < rows; row++)
        {
            write(row, numbers.Slice(row * columns, columns));
        }

        // The protocol's numbers are little-endian.
        if (!BitConverter.IsLittleEndian)
        {
            var words = MemoryMarshal.Cast<byte, int>(bytes.AsSpan());
            BinaryPrimitives.ReverseEndianness(words, words);
        }

        return Of(name, "FP32", rows, columns, bytes);
    }

    /// <param name="name">Of the output.</param>
    /// <param name="rows">The classes of each image, as many of every one.</param>
    public static ModelInferResponse OfClasses(string name, IReadOnlyList<string[]> rows)
    {
        var bytes = new byte[rows.Sum(row => row.Sum(text => LengthBytes + Encoding.UTF8.GetByteCount(text)))];
        var rest = bytes.AsSpan();
        foreach (var text in rows.SelectMany(row => row))
        {
            var length = Encoding.UTF8.GetBytes(text, rest[LengthBytes..]);
            BinaryPrimitives.WriteInt32LittleEndian(rest, length);
            rest = rest[(LengthBytes + length)..];
        }

        return Of(name, "BYTES", rows.Count, rows[0].Length, bytes);
    }

    /// <summary>As Triton writes it: six decimals.</summary>
    public static string Class(float value, int index, string? label = null)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{value:F6}:{index}");
        return label is null ? text : $"{text}:{label}";
    }

    private static ModelInferResponse Of(string name, string datatype, int rows, int columns, byte[] bytes) => new()
    {
        Outputs = { new ModelInferResponse.Types.InferOutputTensor { Name = name, Datatype = datatype, Shape = { rows, columns } } },
        RawOutputContents = { UnsafeByteOperations.UnsafeWrap(bytes) },
    };
}
