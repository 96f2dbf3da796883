using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Topfive.Bench;

/// <summary>A dataset as <c>topfive export --vectors NAME --out FOLDER</c> writes it.</summary>
/// <param name="Matrix">Row-major [examples, dimensions].</param>
/// <param name="Dimensions">Length of a vector.</param>
/// <param name="Labels">One an example.</param>
/// <param name="IsValidation">One an example.</param>
internal sealed partial record NpyDataset(float[] Matrix, int Dimensions, string[] Labels, bool[] IsValidation)
{
    public static NpyDataset Read(string folder)
    {
        var (shape, numbers) = ReadArray(Path.Combine(folder, "vectors.npy"));
        return new NpyDataset(
            MemoryMarshal.Cast<byte, float>(numbers).ToArray(), shape[1],
            ReadStrings(Path.Combine(folder, "labels.npy")),
            [.. ReadStrings(Path.Combine(folder, "splits.npy")).Select(split => split == "validation")]);
    }

    private static string[] ReadStrings(string path)
    {
        var (shape, characters) = ReadArray(path);
        var bytes = characters.Length / shape[0];
        return [.. Enumerable.Range(0, shape[0]).Select(row => Encoding.UTF32.GetString(characters, row * bytes, bytes).TrimEnd('\0'))];
    }

    /// <summary>numpy's format, version 1: ten bytes, the last two the length of a header that says the shape, then the numbers.</summary>
    private static (int[] Shape, byte[] Content) ReadArray(string path)
    {
        var file = File.ReadAllBytes(path);
        var start = 10 + BitConverter.ToUInt16(file, 8);
        var shape = Shape().Match(Encoding.ASCII.GetString(file, 10, start - 10)).Groups[1].Value;
        return ([.. shape.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(int.Parse)], file[start..]);
    }

    [GeneratedRegex(@"'shape': \(([\d, ]+)\)")]
    private static partial Regex Shape();
}
