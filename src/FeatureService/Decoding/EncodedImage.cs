using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using SkiaSharp;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>An image of which nothing but the header has been read: what it is, and what decoding it will take.</summary>
internal sealed class EncodedImage : IDisposable
{
    private const string Accepted = "JPEG, PNG, WebP, GIF and BMP are accepted";
    private const int BytesOfPixel = 4;

    // Of one pixel, beside the decoded one: the coefficients of four components, or a whole 16-bit image that is interlaced.
    private const int MostBytesKept = 8;

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly JpegScans _scans;
    private MemoryHandle _pinned;
    private readonly SKData _data;

    private EncodedImage(ReadOnlyMemory<byte> bytes)
    {
        (_bytes, _pinned) = (bytes, bytes.Pin());
        _data = Wrap(_pinned, bytes.Length);
        Codec = SKCodec.Create(_data);
        _scans = IsJpeg ? JpegScans.Of(bytes.Span) : default;
    }

    public SKCodec Codec { get; }

    private bool IsJpeg => Codec?.EncodedFormat == SKEncodedImageFormat.Jpeg;

    /// <exception cref="Failure">InvalidInput: not an image, or over a limit; the message says which.</exception>
    public static EncodedImage Open(ReadOnlyMemory<byte> bytes, LimitOptions limits)
    {
        CheckBytes(bytes.Length, limits);
        var image = new EncodedImage(bytes);
        try
        {
            image.CheckFormat();
            image.CheckPixels(limits);
            image.CheckScans(limits);
            return image;
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <param name="halvings">How many times its sides are halved, see <see cref="ReducedScale"/>.</param>
    /// <returns>No less than what decoding takes, in bytes: the pixels, and what the decoder keeps of the whole image.</returns>
    public long DecodingBytes(int halvings)
    {
        var pixels = (long)Codec.Info.Width * Codec.Info.Height;
        var kept = IsJpeg && !_scans.KeepCoefficients ? 0 : MostBytesKept;
        return ((pixels >> (2 * halvings)) * BytesOfPixel) + (pixels * kept);
    }

    /// <summary>RGBA, colours multiplied by alpha.</summary>
    /// <param name="halvings">How many times its sides are halved.</param>
    /// <exception cref="Failure">InvalidInput: cut short or damaged.</exception>
    public SKBitmap Pixels(int halvings)
    {
        var size = halvings == 0 ? Codec.Info.Size : Codec.GetScaledDimensions(1f / (1 << halvings));
        // No colour space: the numbers as they are stored, unconverted.
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, colorspace: null);
        var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            bitmap.Dispose();
            throw new InsufficientMemoryException($"no memory for {info.BytesSize64:N0} bytes of pixels");
        }

        var result = Codec.GetPixels(info, bitmap.GetPixels(), bitmap.RowBytes, new SKCodecOptions(frameIndex: 0));
        if (result == SKCodecResult.Success && !_scans.EndEarly)
        {
            HideAlphaOfOpaque(bitmap);
            return bitmap;
        }

        bitmap.Dispose();
        var image = $"a {Codec.EncodedFormat.ToString().ToUpperInvariant()} of {Codec.Info.Width:N0} × {Codec.Info.Height:N0} pixels";
        throw Failure.InvalidInput(result is SKCodecResult.Success or SKCodecResult.IncompleteInput
            ? $"the image is cut short: {image} whose data ends too early"
            : $"the image is damaged: {image} that cannot be decoded ({result})");
    }

    /// <summary>A WebP may say that it is opaque and have alpha values all the same; colours are not multiplied by those.</summary>
    private void HideAlphaOfOpaque(SKBitmap bitmap)
    {
        if (Codec.EncodedFormat == SKEncodedImageFormat.Webp && Codec.Info.AlphaType == SKAlphaType.Opaque)
        {
            var pixels = MemoryMarshal.Cast<byte, uint>(bitmap.GetPixelSpan());
            TensorPrimitives.BitwiseOr(pixels, 0xff000000, pixels);
        }
    }

    public void Dispose()
    {
        Codec?.Dispose();
        _data.Dispose();
        _pinned.Dispose();
    }

    private static unsafe SKData Wrap(MemoryHandle pinned, int length) => SKData.Create((nint)pinned.Pointer, length);

    private static void CheckBytes(int length, LimitOptions limits)
    {
        if (length == 0)
        {
            throw Failure.InvalidInput($"the image is empty (0 bytes); {Accepted}");
        }

        if (length > limits.MaxImageBytes)
        {
            throw Failure.InvalidInput($"the image has {length:N0} bytes; at most {limits.MaxImageBytes:N0} are accepted (Limits__MaxImageBytes)");
        }
    }

    private void CheckFormat()
    {
        if (Codec?.EncodedFormat is not (SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp))
        {
            throw Failure.InvalidInput($"the image cannot be read: it is {Signature.Describe(_bytes.Span)}; {Accepted}");
        }
    }

    /// <summary>Before anything is decoded: a small file can claim any size.</summary>
    private void CheckPixels(LimitOptions limits)
    {
        var (width, height) = (Codec.Info.Width, Codec.Info.Height);
        var pixels = (long)width * height;
        if (pixels > limits.MaxImagePixels)
        {
            throw Failure.InvalidInput(
                $"the image is {width:N0} × {height:N0} = {pixels:N0} pixels; at most {limits.MaxImagePixels:N0} are accepted (Limits__MaxImagePixels)");
        }
    }

    private void CheckScans(LimitOptions limits)
    {
        if (_scans.Count > limits.MaxJpegScans)
        {
            throw Failure.InvalidInput($"the image is a JPEG of {_scans.Count:N0} scans; at most {limits.MaxJpegScans:N0} are accepted (Limits__MaxJpegScans)");
        }
    }
}
