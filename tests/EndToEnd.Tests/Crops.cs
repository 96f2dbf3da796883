using SkiaSharp;

namespace Topfive.EndToEnd.Tests;

/// <summary>Different JPEGs of the same thing: overlapping crops of one photo, so that a label has many real images.</summary>
internal static class Crops
{
    public static byte[] Of(byte[] photo, int number)
    {
        using var whole = SKBitmap.Decode(photo);
        var (width, height) = (whole.Width * 6 / 10, whole.Height * 6 / 10);
        var left = (whole.Width - width) * (number % 4) / 3;
        var top = (whole.Height - height) * (number / 4 % 4) / 3;
        using var crop = new SKBitmap();
        whole.ExtractSubset(crop, SKRectI.Create(left, top, width, height));
        using var data = crop.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }
}
