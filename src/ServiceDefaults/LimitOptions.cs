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

    /// <summary>Largest gRPC message in bytes: an image, and room for what stands around it.</summary>
    public int MaxMessageBytes => MaxImageBytes + (1 << 20);
}
