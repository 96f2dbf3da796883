namespace Topfive.Client;

/// <summary>How many images go over one stream.</summary>
public sealed record BulkOptions
{
    /// <summary>
    /// Images sent and not answered, 1 to 1,024; the source is not read beyond. Some more are in memory, at most three times as many: those that are
    /// being asked for, and those that come next. Default: 64, which keeps every batch of the services full.
    /// </summary>
    public int InFlight { get; init; } = 64;

    /// <summary>Of extraction. True: compute and store, and leave the vectors out of the results.</summary>
    public bool OmitVectors { get; init; }

    internal int CheckedInFlight => InFlight is >= 1 and <= 1_024
        ? InFlight
        : throw new ArgumentOutOfRangeException(nameof(InFlight), InFlight, "InFlight must be 1 to 1,024.");
}
