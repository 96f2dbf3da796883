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
    // As many at a time as there are cores to do it.
    private readonly SemaphoreSlim _cores = new(Environment.ProcessorCount);

    // Bulk work waits here first, so that an interactive image finds nobody in the line for a core.
    private readonly SemaphoreSlim _bulk = new(Environment.ProcessorCount);

    private readonly DecodingMemory _memory = new(limits.Value.MaxDecodingBytes);

    private long _decodings;

    /// <summary>How many images have been decoded, or tried to be.</summary>
    internal long Decodings => Interlocked.Read(ref _decodings);

    internal DecodingMemory Memory => _memory;

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
            using var opened = Open(image);
            var halvings = Halvings(opened.Codec, width, height);
            var bytes = DecodingBytes(opened, halvings);
            await _memory.TakeAsync(bytes, cancellation);
            try
            {
                var began = Stopwatch.GetTimestamp();
                Decode(opened, halvings, target.Span, width, height);
                return Stopwatch.GetElapsedTime(began);
            }
            finally
            {
                _memory.Return(bytes);
            }
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
        using var opened = Open(image);
        var halvings = Halvings(opened.Codec, width, height);
        DecodingBytes(opened, halvings);
        Decode(opened, halvings, target, width, height);
    }

    private EncodedImage Open(ReadOnlyMemory<byte> image)
    {
        Interlocked.Increment(ref _decodings);
        return EncodedImage.Open(image, limits.Value);
    }

    private int Halvings(SKCodec codec, int width, int height)
    {
        var (storedWidth, storedHeight) = Stored(codec.EncodedOrigin, width, height);
        return decoding.Value.Preprocessing == DecodingOptions.Reduced ? ReducedScale.Halvings(codec, storedWidth, storedHeight) : 0;
    }

    private static (int Width, int Height) Stored(SKEncodedOrigin origin, int width, int height) =>
        Orientation.SwapsSides(origin) ? (height, width) : (width, height);

    private long DecodingBytes(EncodedImage image, int halvings)
    {
        var bytes = image.DecodingBytes(halvings);
        return bytes <= _memory.Limit
            ? bytes
            : throw Failure.InvalidInput(
                $"the image is {image.Codec.Info.Width:N0} × {image.Codec.Info.Height:N0} pixels and may take {bytes:N0} bytes to decode; at most {_memory.Limit:N0} may be taken (Limits__MaxDecodingBytes)");
    }

    private static void Decode(EncodedImage image, int halvings, Span<float> target, int width, int height)
    {
        var (header, origin) = (image.Codec.Info, image.Codec.EncodedOrigin);
        using var bitmap = image.Pixels(halvings);
        if (origin == SKEncodedOrigin.TopLeft)
        {
            Resize(bitmap, header, halvings, target, width, height);
            return;
        }

        var stored = new float[target.Length];
        var (storedWidth, storedHeight) = Stored(origin, width, height);
        Resize(bitmap, header, halvings, stored, storedWidth, storedHeight);
        Orientation.Apply(stored, target, width, height, origin);
    }

    private static void Resize(SKBitmap bitmap, SKImageInfo header, int halvings, Span<float> target, int width, int height)
    {
        double whole = 1 << halvings;
        BilinearResizer.Resize(bitmap.GetPixelSpan(), bitmap.Width, bitmap.Height, target, width, height, header.Width / whole, header.Height / whole);
    }
}
