using System.ComponentModel.DataAnnotations;

namespace Topfive.ClassifierService;

/// <summary>How heads are served: configuration section <c>Serving</c>.</summary>
public sealed class ServingOptions
{
    public const string Section = "Serving";

    /// <summary>
    /// Milliseconds between looks at which versions are live, in case a message about a promotion was lost; default 500.
    /// </summary>
    [Range(50, 60_000)]
    public int RecheckMilliseconds { get; set; } = 500;

    /// <summary>Bytes of weights kept of versions that were asked for by number; default 256 MiB. Live versions come on top.</summary>
    [Range(0, 1L << 40)]
    public long PinnedVersionBytes { get; set; } = 256 << 20;

    /// <summary>Calls that may wait for the shadows to score them, beyond which they are dropped and counted; default 1,024.</summary>
    [Range(1, 1 << 20)]
    public int ShadowQueueCapacity { get; set; } = 1_024;

    /// <summary>Milliseconds between writings of what the shadows counted; default 2,000.</summary>
    [Range(50, 60_000)]
    public int ShadowFlushMilliseconds { get; set; } = 2_000;

    /// <summary>Items of one ClassifyStream that are worked on at a time; default 64.</summary>
    [Range(1, 10_000)]
    public int ItemsInFlight { get; set; } = 64;
}
