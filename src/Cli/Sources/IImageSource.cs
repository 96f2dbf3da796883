using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>
/// Labelled images that are read twice: first all of them, for names and hashes, since split, duplicates and what the
/// services lack depend on all; then the bytes of only those that the services lack.
/// </summary>
internal interface IImageSource
{
    /// <summary>What the progress of hashing counts, e.g. "images".</summary>
    string Unit { get; }

    /// <summary>How many of them there are.</summary>
    long Size { get; }

    /// <param name="maxImageBytes">A larger image is a problem, and not read.</param>
    /// <param name="progress">Told how many units are done.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<HashedListing> HashAsync(long maxImageBytes, IProgressDisplay progress, CancellationToken cancellation);

    /// <param name="files">Some of the listing's.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Each with its bytes, in an order of the source's own.</returns>
    IAsyncEnumerable<ImageBytes> ReadAsync(IReadOnlyList<LabeledFile> files, CancellationToken cancellation);
}

/// <param name="Listing">Unreadable images are among its files and its problems.</param>
/// <param name="Hashes">Of each file of the listing, in its order; null: it cannot be read.</param>
internal sealed record HashedListing(Listing Listing, IReadOnlyList<ImageHash?> Hashes);

/// <summary>An image's bytes, or why there are none.</summary>
internal readonly record struct ImageBytes(LabeledFile File, ReadOnlyMemory<byte> Bytes, Problem? Problem = null);
