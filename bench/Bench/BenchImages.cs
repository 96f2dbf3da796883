using SkiaSharp;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>JPEGs of 500×375 pixels, each a different cut of one of the test photographs.</summary>
internal static class BenchImages
{
    private const int Width = 500;
    private const int Height = 375;
    private const int Quality = 90;

    public static async Task<byte[][]> MakeAsync(int count)
    {
        var photos = await TestPhotos.AllAsync();
        SKBitmap[] bitmaps = [.. photos.Select(photo => SKBitmap.Decode(photo.ReadBytes()))];
        var random = new Random(1);
        try
        {
            return [.. Enumerable.Range(0, count).Select(i => Cut(bitmaps[i % bitmaps.Length], random))];
        }
        finally
        {
            Array.ForEach(bitmaps, bitmap => bitmap.Dispose());
        }
    }

    private static byte[] Cut(SKBitmap photo, Random random)
    {
        var scale = Math.Min((float)photo.Width / Width, (float)photo.Height / Height) * (0.7f + (0.3f * random.NextSingle()));
        var (width, height) = (Width * scale, Height * scale);
        var (left, top) = (random.NextSingle() * (photo.Width - width), random.NextSingle() * (photo.Height - height));
        using var surface = SKSurface.Create(new SKImageInfo(Width, Height));
        using var image = SKImage.FromBitmap(photo);
        surface.Canvas.DrawImage(
            image, SKRect.Create(left, top, width, height), SKRect.Create(Width, Height), new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var cut = surface.Snapshot();
        using var encoded = cut.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }
}
