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

    /// <summary>Items of one ClassifyStream that are worked on at a time; default 64.</summary>
    [Range(1, 10_000)]
    public int ItemsInFlight { get; set; } = 64;
}
