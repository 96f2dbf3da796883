using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Topfive.FeatureService;

/// <summary>
/// Bilinear with half-pixel centres and no antialiasing: tf.image.resize's "bilinear", OpenCV's INTER_LINEAR. The
/// centre of output pixel i lies at (i + ½) · source / output − ½ in the source; beyond the edge the edge's pixel counts.
/// </summary>
internal static class BilinearResizer
{
    /// <param name="source">RGBA, 8 bits each, colours multiplied by alpha, row-major without gaps.</param>
    /// <param name="width">Of the source, in pixels.</param>
    /// <param name="height">Of the source, in pixels.</param>
    /// <param name="target">RGB, 0…255, fractional, over white: outputHeight × outputWidth × 3 floats, row-major.</param>
    /// <param name="outputWidth">In pixels.</param>
    /// <param name="outputHeight">In pixels.</param>
    public static void Resize(ReadOnlySpan<byte> source, int width, int height, Span<float> target, int outputWidth, int outputHeight) =>
        Resize(source, width, height, target, outputWidth, outputHeight, width, height);

    /// <param name="source">As above.</param>
    /// <param name="width">As above.</param>
    /// <param name="height">As above.</param>
    /// <param name="target">As above.</param>
    /// <param name="outputWidth">As above.</param>
    /// <param name="outputHeight">As above.</param>
    /// <param name="coveredWidth">Of the source's columns, those that the image covers: less than <paramref name="width"/> where it ends within the last one.</param>
    /// <param name="coveredHeight">The same of its rows.</param>
    public static void Resize(
        ReadOnlySpan<byte> source, int width, int height, Span<float> target, int outputWidth, int outputHeight, double coveredWidth, double coveredHeight)
    {
        var pixels = MemoryMarshal.Cast<byte, uint>(source)[..(width * height)];
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, outputWidth * outputHeight * 3, nameof(target));
        var columns = outputWidth <= 1024 ? stackalloc Tap[outputWidth] : new Tap[outputWidth];
        for (var x = 0; x < outputWidth; x++)
        {
            columns[x] = TapOf(x, width, coveredWidth, outputWidth);
        }

        var white = Vector128.Create(255f);
        for (var y = 0; y < outputHeight; y++)
        {
            var row = TapOf(y, height, coveredHeight, outputHeight);
            var top = pixels.Slice(row.First * width, width);
            var bottom = pixels.Slice(row.Second * width, width);
            var output = target.Slice(y * outputWidth * 3, outputWidth * 3);
            var down = Vector128.Create(row.Weight);
            for (var x = 0; x < columns.Length; x++)
            {
                var column = columns[x];
                var across = Vector128.Create(column.Weight);
                var above = Blend(Load(top[column.First]), Load(top[column.Second]), across);
                var below = Blend(Load(bottom[column.First]), Load(bottom[column.Second]), across);
                var colour = Blend(above, below, down);
                colour += white - Vector128.Create(colour[3]);
                output[(3 * x) + 2] = colour[2];
                output[(3 * x) + 1] = colour[1];
                output[3 * x] = colour[0];
            }
        }
    }

    private static Tap TapOf(int index, int source, double covered, int output)
    {
        var centre = Math.Clamp((((index + 0.5) * covered) / output) - 0.5, 0, source - 1);
        var first = (int)centre;
        return new Tap(first, Math.Min(first + 1, source - 1), (float)(centre - first));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(uint pixel)
    {
        var shorts = Vector128.WidenLower(Vector128.CreateScalarUnsafe(pixel).AsByte());
        return Vector128.ConvertToSingle(Vector128.WidenLower(shorts).AsInt32());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Blend(Vector128<float> from, Vector128<float> to, Vector128<float> weight) =>
        from + ((to - from) * weight);

    /// <summary>The two source pixels that an output pixel lies between, and how much the second counts.</summary>
    private readonly record struct Tap(int First, int Second, float Weight);
}
