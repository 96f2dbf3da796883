using SkiaSharp;
using StackExchange.Redis;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>Keeps a small picture of each image whose vector is computed, where the store is to have them.</summary>
internal sealed class Thumbnails(ThumbnailStore store, ILogger<Thumbnails> log)
{
    /// <summary>Pixels on the longer side.</summary>
    public const int LongerSide = 96;

    private const int Quality = 75;

    /// <summary>Out of the pixels that the network is about to see: nothing is decoded twice.</summary>
    /// <param name="image">The encoded image, for its proportions; empty: an augmented copy, of which none is kept.</param>
    /// <param name="pixels">RGB floats of 0…255, row-major.</param>
    /// <param name="width">Of <paramref name="pixels"/>.</param>
    /// <param name="height">Of <paramref name="pixels"/>.</param>
    /// <returns>Null: none is to be kept.</returns>
    public SKBitmap? Draw(ReadOnlyMemory<byte> image, ReadOnlySpan<float> pixels, int width, int height) =>
        store.IsOn && image.Length > 0 ? ThumbnailPicture.Draw(pixels, width, height, ThumbnailPicture.SizeOf(image, LongerSide)) : null;

    /// <summary>A picture that cannot be kept fails nothing.</summary>
    public async Task KeepAsync(ImageHash hash, SKBitmap? picture)
    {
        if (picture is null) return;
        try
        {
            using var webp = picture.Encode(SKEncodedImageFormat.Webp, Quality);
            await store.SetAsync(hash, webp.ToArray());
        }
        catch (Exception exception) when (exception is RedisException or RedisTimeoutException)
        {
            log.LogWarning("the thumbnail of image {Image} cannot be stored: {Message}", hash, exception.Message);
        }
    }
}
