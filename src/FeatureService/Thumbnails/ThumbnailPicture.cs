using SkiaSharp;

namespace Topfive.FeatureService;

internal static class ThumbnailPicture
{
    private static readonly SKSamplingOptions Smooth = new(SKFilterMode.Linear, SKMipmapMode.Linear);

    /// <summary>The image's proportions, upright, with its longer side as asked.</summary>
    public static unsafe SKSizeI SizeOf(ReadOnlyMemory<byte> image, int longerSide)
    {
        using var pinned = image.Pin();
        using var data = SKData.Create((nint)pinned.Pointer, image.Length);
        using var codec = SKCodec.Create(data);
        if (codec is null) return new SKSizeI(longerSide, longerSide);

        var (width, height) = Orientation.SwapsSides(codec.EncodedOrigin) ? (codec.Info.Height, codec.Info.Width) : (codec.Info.Width, codec.Info.Height);
        var scale = longerSide / (double)Math.Max(width, height);
        return new SKSizeI(Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)));
    }

    /// <param name="pixels">RGB floats of 0…255, row-major.</param>
    /// <param name="width">Of <paramref name="pixels"/>.</param>
    /// <param name="height">Of <paramref name="pixels"/>.</param>
    /// <param name="size">Of the picture.</param>
    public static SKBitmap Draw(ReadOnlySpan<float> pixels, int width, int height, SKSizeI size)
    {
        using var whole = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgb888x, SKAlphaType.Opaque));
        var bytes = whole.GetPixelSpan();
        for (var pixel = 0; pixel < width * height; pixel++)
        {
            for (var channel = 0; channel < 3; channel++) bytes[(4 * pixel) + channel] = (byte)(pixels[(3 * pixel) + channel] + 0.5f);
            bytes[(4 * pixel) + 3] = 255;
        }

        return whole.Resize(new SKImageInfo(size.Width, size.Height, SKColorType.Rgb888x, SKAlphaType.Opaque), Smooth);
    }
}
