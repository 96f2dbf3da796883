using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>How much of a bulk stream is under way: configuration section <c>Streaming</c>.</summary>
public sealed class StreamingOptions
{
    public const string Section = "Streaming";

    /// <summary>
    /// Items of one ExtractStream call that are being worked on at the same time. As many results again may wait for
    /// the caller to read them, and one is being written; then nothing more is read. A call thus holds at most
    /// 2 × ItemsInFlight + 1 items, each with its encoded image (at most Limits__MaxImageBytes) or its 8 KB vector,
    /// and what HTTP/2 has buffered (under 1 MB each way). Pixels, 1 MB an image, are bounded over all calls by
    /// Batching__BulkCapacity; an item with augmented copies holds 1 MB more, its decoded pixels, while one of the copies
    /// has its place and another waits for one. Empty: as many as Batching__BulkCapacity, so that one call can keep everything busy.
    /// </summary>
    [Range(1, 4096)]
    public int? ItemsInFlight { get; set; }
}
