using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>How images are brought together for the engine: configuration section <c>Batching</c>.</summary>
public sealed class BatchingOptions
{
    public const string Section = "Batching";

    /// <summary>Images in one run of the engine, at most. Empty: 8 on CPU, where more gains nothing and takes more memory, and 64 on a GPU.</summary>
    [Range(1, 256)]
    public int? MaxBatchSize { get; set; }

    /// <summary>
    /// Images of interactive calls accepted and not finished: being decoded, waiting, and running. One more is refused
    /// at once. Each holds its pixels, 1 MB.
    /// </summary>
    [Range(1, 100_000)]
    public int QueueCapacity { get; set; } = 256;

    /// <summary>
    /// The same for bulk calls, besides; one more waits for a place. Three full batches an engine (one running, one waiting, one
    /// being decoded) and two images a core keep engines and cores busy: that many when it is empty, and at least 64.
    /// </summary>
    [Range(1, 100_000)]
    public int? BulkCapacity { get; set; }
}

/// <summary>How many images may be where, on the devices that were found.</summary>
/// <param name="MaxBatchSize">Images in one run.</param>
/// <param name="QueueCapacity">Interactive images accepted and not finished.</param>
/// <param name="BulkCapacity">Bulk images accepted and not finished.</param>
internal sealed record BatchLimits(int MaxBatchSize, int QueueCapacity, int BulkCapacity)
{
    private const int LeastBulk = 64;

    /// <param name="options">What is set.</param>
    /// <param name="usualBatch">Of the device, when nothing is set.</param>
    /// <param name="engines">That run side by side.</param>
    /// <param name="cores">That decode.</param>
    public static BatchLimits For(BatchingOptions options, int usualBatch, int engines, int cores)
    {
        var batch = options.MaxBatchSize ?? usualBatch;
        return new BatchLimits(batch, options.QueueCapacity, options.BulkCapacity ?? Math.Max(LeastBulk, (3 * batch * engines) + (2 * cores)));
    }
}
