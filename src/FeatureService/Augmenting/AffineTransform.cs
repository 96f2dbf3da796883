using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Topfive.FeatureService;

/// <summary>
/// The pixels of an augmented copy, as Keras' ImageDataGenerator makes them (apply_affine_transform and flip_axis of
/// keras-preprocessing, which call scipy.ndimage.affine_transform with order 1 and mode "nearest"): shift, shear and zoom around the centre in one
/// matrix, which says where in the original each pixel of the copy is looked up; bilinear there, the edge's pixel beyond the edge; mirrored last.
/// </summary>
internal static class AffineTransform
{
    /// <param name="source">RGB floats, height × width × 3, row-major.</param>
    /// <param name="target">The same of the copy; another buffer than <paramref name="source"/>.</param>
    /// <param name="width">In pixels.</param>
    /// <param name="height">In pixels.</param>
    /// <param name="transformation">What to do.</param>
    public static void Apply(ReadOnlySpan<float> source, Span<float> target, int width, int height, Transformation transformation)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, width * height * 3, nameof(source));
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, source.Length, nameof(target));
        if (transformation == Transformation.None)
        {
            source.CopyTo(target);
            return;
        }

        var (sine, cosine) = Math.SinCos(transformation.Shear * Math.PI / 180);
        // Of shear · zoom; a shear of rows only, so that the source's column does not depend on the target's row.
        var (rowByRow, rowByColumn, columnByColumn) = (transformation.ZoomRows, -sine * transformation.ZoomColumns, cosine * transformation.ZoomColumns);
        var (centreRow, centreColumn) = ((height / 2.0) - 0.5, (width / 2.0) - 0.5);
        var firstColumn = centreColumn + (transformation.ShiftColumns * width) - (columnByColumn * centreColumn);
        var pixels = MemoryMarshal.Cast<float, Pixel>(source);
        var copy = MemoryMarshal.Cast<float, Pixel>(target);
        for (var y = 0; y < height; y++)
        {
            var firstRow = centreRow + (transformation.ShiftRows * height) + (rowByRow * (y - centreRow)) - (rowByColumn * centreColumn);
            var line = copy.Slice(y * width, width);
            for (var x = 0; x < width; x++)
            {
                var row = TapOf(firstRow + (rowByColumn * x), height);
                var column = TapOf(firstColumn + (columnByColumn * x), width);
                var across = Vector128.Create(column.Weight);
                var above = Blend(Load(pixels[(row.First * width) + column.First]), Load(pixels[(row.First * width) + column.Second]), across);
                var below = Blend(Load(pixels[(row.Second * width) + column.First]), Load(pixels[(row.Second * width) + column.Second]), across);
                var colour = Blend(above, below, Vector128.Create(row.Weight));
                line[transformation.Flip ? width - 1 - x : x] = new Pixel(colour[0], colour[1], colour[2]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Tap TapOf(double at, int length)
    {
        at = Math.Clamp(at, 0, length - 1);
        var first = (int)at;
        return new Tap(first, Math.Min(first + 1, length - 1), (float)(at - first));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Load(Pixel pixel) => Vector128.Create(pixel.Red, pixel.Green, pixel.Blue, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Blend(Vector128<float> from, Vector128<float> to, Vector128<float> weight) =>
        from + ((to - from) * weight);

    private readonly record struct Pixel(float Red, float Green, float Blue);

    /// <summary>The two source pixels that a position lies between, and how much the second counts.</summary>
    private readonly record struct Tap(int First, int Second, float Weight);
}
