using System.Diagnostics;
using Microsoft.Extensions.Options;
using SkiaSharp;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>
/// An encoded image becomes the network's pixels: RGB floats of 0…255 at the network's size. The first frame of an
/// animation counts; EXIF orientation is applied; what is transparent lies over white; grey, palette, CMYK and 16-bit
/// images become 8-bit RGB; embedded colour profiles are passed over, as TensorFlow's and Pillow's decoders do.
/// </summary>
public sealed class ImageDecoder(IOptions<LimitOptions> limits, IOptions<DecodingOptions> decoding) : IDisposable
{
    private const string Accepted = "JPEG, PNG, WebP, GIF and BMP are accepted";

    // An image being decoded can take 4 bytes a pixel of memory: as many at a time as there are cores to do it.
    private readonly SemaphoreSlim _cores = new(Environment.ProcessorCount);

    // Bulk work waits here first, so that an interactive image finds nobody in the line for a core.
    private readonly SemaphoreSlim _bulk = new(Environment.ProcessorCount);

    private long _decodings;

    /// <summary>How many images have been decoded, or tried to be.</summary>
    internal long Decodings => Interlocked.Read(ref _decodings);

    /// <param name="image">The encoded image.</param>
    /// <param name="target">height × width × 3 floats, row-major; filled.</param>
    /// <param name="width">What to resize to, in pixels.</param>
    /// <param name="height">What to resize to, in pixels.</param>
    /// <param name="urgency">Interactive images get the next core that is free.</param>
    /// <param name="cancellation">Ends the wait for a core.</param>
    /// <returns>How long decoding and resizing took, without the wait.</returns>
    /// <exception cref="Failure">InvalidInput: not an image, cut short, or over a limit; the message says which.</exception>
    internal async Task<TimeSpan> DecodeAsync(
        ReadOnlyMemory<byte> image, Memory<float> target, int width, int height, Urgency urgency, CancellationToken cancellation)
    {
        if (urgency == Urgency.Interactive)
        {
            return await DecodeAsync(image, target, width, height, cancellation);
        }

        await _bulk.WaitAsync(cancellation);
        try
        {
            return await DecodeAsync(image, target, width, height, cancellation);
        }
        finally
        {
            _bulk.Release();
        }
    }

    public void Dispose()
    {
        _cores.Dispose();
        _bulk.Dispose();
    }

    private async Task<TimeSpan> DecodeAsync(
        ReadOnlyMemory<byte> image, Memory<float> target, int width, int height, CancellationToken cancellation)
    {
        await _cores.WaitAsync(cancellation);
        try
        {
            var began = Stopwatch.GetTimestamp();
            Decode(image, target.Span, width, height);
            return Stopwatch.GetElapsedTime(began);
        }
        finally
        {
            _cores.Release();
        }
    }

    /// <summary>At once, on the caller's thread.</summary>
    /// <param name="image">The encoded image.</param>
    /// <param name="target">height × width × 3 floats, row-major; filled.</param>
    /// <param name="width">What to resize to, in pixels.</param>
    /// <param name="height">What to resize to, in pixels.</param>
    /// <exception cref="Failure">InvalidInput: not an image, cut short, or over a limit; the message says which.</exception>
    public void Decode(ReadOnlyMemory<byte> image, Span<float> target, int width, int height)
    {
        Interlocked.Increment(ref _decodings);
        CheckBytes(image.Length);
        using var pinned = image.Pin();
        using var data = Wrap(pinned, image.Length);
        using var codec = Open(data, image.Span);
        CheckPixels(codec.Info);
        var origin = codec.EncodedOrigin;
        var (storedWidth, storedHeight) = Orientation.SwapsSides(origin) ? (height, width) : (width, height);
        var halvings = decoding.Value.Preprocessing == DecodingOptions.Reduced ? ReducedScale.Halvings(codec, storedWidth, storedHeight) : 0;
        using var bitmap = Pixels(codec, halvings, image.Span);
        if (origin == SKEncodedOrigin.TopLeft)
        {
            Resize(bitmap, codec.Info, halvings, target, width, height);
            return;
        }

        var stored = new float[target.Length];
        Resize(bitmap, codec.Info, halvings, stored, storedWidth, storedHeight);
        Orientation.Apply(stored, target, width, height, origin);
    }

    private static void Resize(SKBitmap bitmap, SKImageInfo header, int halvings, Span<float> target, int width, int height)
    {
        double whole = 1 << halvings;
        BilinearResizer.Resize(bitmap.GetPixelSpan(), bitmap.Width, bitmap.Height, target, width, height, header.Width / whole, header.Height / whole);
    }

    private void CheckBytes(int length)
    {
        if (length == 0)
        {
            throw Failure.InvalidInput($"the image is empty (0 bytes); {Accepted}");
        }

        if (length > limits.Value.MaxImageBytes)
        {
            throw Failure.InvalidInput($"the image has {length:N0} bytes; at most {limits.Value.MaxImageBytes:N0} are accepted (Limits__MaxImageBytes)");
        }
    }

    private static unsafe SKData Wrap(System.Buffers.MemoryHandle pinned, int length) => SKData.Create((nint)pinned.Pointer, length);

    private static SKCodec Open(SKData data, ReadOnlySpan<byte> image)
    {
        var codec = SKCodec.Create(data) ?? throw Failure.InvalidInput($"the image cannot be read: it is {Signature.Describe(image)}; {Accepted}");
        if (codec.EncodedFormat is SKEncodedImageFormat.Jpeg or SKEncodedImageFormat.Png or SKEncodedImageFormat.Webp
            or SKEncodedImageFormat.Gif or SKEncodedImageFormat.Bmp)
        {
            return codec;
        }

        codec.Dispose();
        throw Failure.InvalidInput($"the image cannot be read: it is {Signature.Describe(image)}; {Accepted}");
    }

    /// <summary>Before anything is decoded: a small file can claim any size.</summary>
    private void CheckPixels(SKImageInfo header)
    {
        var pixels = (long)header.Width * header.Height;
        if (pixels > limits.Value.MaxImagePixels)
        {
            throw Failure.InvalidInput(
                $"the image is {header.Width:N0} × {header.Height:N0} = {pixels:N0} pixels; at most {limits.Value.MaxImagePixels:N0} are accepted (Limits__MaxImagePixels)");
        }
    }

    private static SKBitmap Pixels(SKCodec codec, int halvings, ReadOnlySpan<byte> image)
    {
        var size = halvings == 0 ? codec.Info.Size : codec.GetScaledDimensions(1f / (1 << halvings));
        // No colour space: the numbers as they are stored, unconverted.
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Premul, colorspace: null);
        var bitmap = new SKBitmap();
        if (!bitmap.TryAllocPixels(info))
        {
            bitmap.Dispose();
            throw new InsufficientMemoryException($"no memory for {info.BytesSize64:N0} bytes of pixels");
        }

        var result = codec.GetPixels(info, bitmap.GetPixels(), bitmap.RowBytes, new SKCodecOptions(frameIndex: 0));
        if (result == SKCodecResult.Success && codec.EncodedFormat == SKEncodedImageFormat.Jpeg && ProgressiveJpeg.IsCutShort(image))
        {
            result = SKCodecResult.IncompleteInput;
        }

        if (result == SKCodecResult.Success)
        {
            return bitmap;
        }

        bitmap.Dispose();
        var format = codec.EncodedFormat.ToString().ToUpperInvariant();
        throw Failure.InvalidInput(result == SKCodecResult.IncompleteInput
            ? $"the image is cut short: a {format} of {codec.Info.Width:N0} × {codec.Info.Height:N0} pixels whose data ends too early"
            : $"the image is damaged: a {format} of {codec.Info.Width:N0} × {codec.Info.Height:N0} pixels that cannot be decoded ({result})");
    }
}
