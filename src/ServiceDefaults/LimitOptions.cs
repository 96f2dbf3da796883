using System.ComponentModel.DataAnnotations;

namespace Topfive.ServiceDefaults;

/// <summary>What a service accepts: configuration section <c>Limits</c>.</summary>
public sealed class LimitOptions
{
    public const string Section = "Limits";

    /// <summary>Largest encoded image in bytes; default 32 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxImageBytes { get; set; } = 32 << 20;

    /// <summary>Largest width × height, as the image's header states them; default 100 million.</summary>
    [Range(1, 1_000_000_000)]
    public long MaxImagePixels { get; set; } = 100_000_000;

    /// <summary>
    /// Bytes that the images being decoded at the same time may take together, by an estimate from their headers that is no less than what they do; default
    /// 2 GiB. Images wait for each other; one that alone would take more is refused. A pixel takes 4 bytes in a JPEG of one scan and 12 in all others.
    /// </summary>
    [Range(1 << 20, long.MaxValue)]
    public long MaxDecodingBytes { get; set; } = 2L << 30;

    /// <summary>Most scans of a JPEG; a progressive one has ten or so, and each costs the time of the whole image. Default 100.</summary>
    [Range(1, int.MaxValue)]
    public int MaxJpegScans { get; set; } = 100;

    /// <summary>Largest gRPC message in bytes: an image, and room for what stands around it.</summary>
    public int MaxMessageBytes => MaxImageBytes + (1 << 20);
}
