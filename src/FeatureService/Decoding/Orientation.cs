using SkiaSharp;

namespace Topfive.FeatureService;

/// <summary>
/// EXIF orientation: where the camera's first row and column belong. Turning comes after resizing: both are linear and
/// symmetric, so the result is that of turning first, at the cost of the small image.
/// </summary>
internal static class Orientation
{
    public static bool SwapsSides(SKEncodedOrigin origin) => origin >= SKEncodedOrigin.LeftTop;

    /// <param name="source">As the file stores it: RGB floats, rows first.</param>
    /// <param name="target">As it is to be seen: <paramref name="width"/> × <paramref name="height"/> × 3 floats.</param>
    /// <param name="width">Of the target.</param>
    /// <param name="height">Of the target.</param>
    /// <param name="origin">Which corner of the image, as seen, the first stored pixel is.</param>
    public static void Apply(ReadOnlySpan<float> source, Span<float> target, int width, int height, SKEncodedOrigin origin)
    {
        var stride = SwapsSides(origin) ? height : width;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var (left, top, right, bottom) = (x, y, width - 1 - x, height - 1 - y);
                var (row, column) = origin switch
                {
                    SKEncodedOrigin.TopRight => (top, right),
                    SKEncodedOrigin.BottomRight => (bottom, right),
                    SKEncodedOrigin.BottomLeft => (bottom, left),
                    SKEncodedOrigin.LeftTop => (left, top),
                    SKEncodedOrigin.RightTop => (right, top),
                    SKEncodedOrigin.RightBottom => (right, bottom),
                    SKEncodedOrigin.LeftBottom => (left, bottom),
                    _ => (top, left),
                };
                source.Slice(((row * stride) + column) * 3, 3).CopyTo(target[(((y * width) + x) * 3)..]);
            }
        }
    }
}
