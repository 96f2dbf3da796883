using SkiaSharp;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>JPEGs of 12 megapixels with real content: the test photographs have one megapixel or less.</summary>
internal static class LargeJpegs
{
    public const int Width = 4000;
    public const int Height = 3000;
    private const int TilesAcross = 4;

    /// <summary>Sixteen photographs beside each other, each enlarged no more than its part needs: finer detail than a camera's 12 megapixels have.</summary>
    /// <param name="quality">1 to 100.</param>
    public static async Task<byte[]> MosaicAsync(int quality)
    {
        var photos = await TestPhotos.AllAsync();
        using var surface = SKSurface.Create(new SKImageInfo(Width, Height));
        for (var tile = 0; tile < TilesAcross * TilesAcross; tile++)
        {
            var (width, height) = (Width / TilesAcross, Height / TilesAcross);
            Draw(surface.Canvas, photos[tile % photos.Count], SKRect.Create(tile % TilesAcross * width, tile / TilesAcross * height, width, height));
        }

        return Encode(surface, quality);
    }

    /// <summary>One photograph enlarged to all of it: softer than a camera's.</summary>
    /// <param name="photo">Which.</param>
    /// <param name="quality">1 to 100.</param>
    public static byte[] Enlarged(TestPhoto photo, int quality)
    {
        using var surface = SKSurface.Create(new SKImageInfo(Width, Height));
        Draw(surface.Canvas, photo, SKRect.Create(Width, Height));
        return Encode(surface, quality);
    }

    private static void Draw(SKCanvas canvas, TestPhoto photo, SKRect part)
    {
        using var bitmap = SKBitmap.Decode(photo.ReadBytes());
        using var image = SKImage.FromBitmap(bitmap);
        var scale = Math.Max(part.Width / bitmap.Width, part.Height / bitmap.Height);
        canvas.Save();
        canvas.ClipRect(part);
        canvas.DrawImage(image, SKRect.Create(part.Left, part.Top, bitmap.Width * scale, bitmap.Height * scale), new SKSamplingOptions(SKCubicResampler.Mitchell));
        canvas.Restore();
    }

    private static byte[] Encode(SKSurface surface, int quality)
    {
        using var drawn = surface.Snapshot();
        using var encoded = drawn.Encode(SKEncodedImageFormat.Jpeg, quality);
        return encoded.ToArray();
    }
}
