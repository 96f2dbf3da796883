using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>How images are brought together for the engine: configuration section <c>Batching</c>.</summary>
public sealed class BatchingOptions
{
    public const string Section = "Batching";

    /// <summary>Images in one run of the engine, at most. Beyond 8 a CPU gains nothing and takes more memory.</summary>
    [Range(1, 256)]
    public int MaxBatchSize { get; set; } = 8;

    /// <summary>
    /// Images of interactive calls accepted and not finished: being decoded, waiting, and running. One more is refused
    /// at once. Each holds its pixels, 1 MB.
    /// </summary>
    [Range(1, 100_000)]
    public int QueueCapacity { get; set; } = 256;

    /// <summary>
    /// The same for bulk calls, besides; one more waits for a place. Three full batches (one running, one waiting, one
    /// being decoded) keep the engine busy.
    /// </summary>
    [Range(1, 100_000)]
    public int BulkCapacity { get; set; } = 64;
}
