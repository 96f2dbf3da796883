using System.Buffers.Binary;
using SkiaSharp;
using Topfive.TestKit;

namespace Topfive.FeatureService.Tests;

/// <summary>Images that reduced decoding reduces, made here because files of them would be large.</summary>
internal static class LargeImages
{
    private const int Quality = 95;

    /// <summary>Waves of 120 pixels' length across and 90 down: a shift of one pixel changes pixels by up to 7.</summary>
    public static byte[] Waves(int width, int height, SKEncodedImageFormat format = SKEncodedImageFormat.Jpeg)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var pixels = bitmap.GetPixelSpan();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var pixel = pixels.Slice(((y * width) + x) * 4, 4);
                pixel.Fill((byte)(128 + (60 * Math.Sin(2 * Math.PI * x / 120)) + (60 * Math.Sin(2 * Math.PI * y / 90))));
                pixel[3] = byte.MaxValue;
            }
        }

        using var encoded = bitmap.Encode(format, Quality);
        return encoded.ToArray();
    }

    /// <summary>A photograph, enlarged.</summary>
    public static byte[] Enlarged(TestPhoto photo, int factor)
    {
        using var bitmap = SKBitmap.Decode(photo.ReadBytes());
        using var enlarged = bitmap.Resize(new SKSizeI(bitmap.Width * factor, bitmap.Height * factor), new SKSamplingOptions(SKCubicResampler.Mitchell));
        using var encoded = enlarged.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }

    /// <summary>The same JPEG with the EXIF segment of another one behind its first two bytes.</summary>
    public static byte[] WithExifOf(byte[] other, byte[] jpeg)
    {
        var at = other.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xff, 0xe1]);
        var length = 2 + BinaryPrimitives.ReadUInt16BigEndian(other.AsSpan(at + 2));
        return [.. jpeg[..2], .. other[at..(at + length)], .. jpeg[2..]];
    }
}
