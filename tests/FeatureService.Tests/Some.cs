using Google.Protobuf;
using SkiaSharp;
using Topfive.FeatureStore;

namespace Topfive.FeatureService.Tests;

internal static class Some
{
    private static int _last = Environment.TickCount;

    /// <summary>An image that no other test has.</summary>
    public static byte[] NewImage()
    {
        var random = new Random(Interlocked.Increment(ref _last));
        using var bitmap = new SKBitmap(40, 30, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < bitmap.Height; y++)
        {
            for (var x = 0; x < bitmap.Width; x++)
            {
                bitmap.SetPixel(x, y, new SKColor((uint)random.Next() | 0xff000000));
            }
        }

        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }

    public static ByteString Hash(byte[] image) => ByteString.CopyFrom(ImageHash.Of(image).ToByteArray());
}
