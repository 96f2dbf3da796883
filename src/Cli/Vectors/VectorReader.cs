namespace Topfive.Cli;

/// <summary>
/// Vectors and what is said of each, as <c>topfive export --vectors</c> writes them, or numpy and pandas. Rows count from 0,
/// as they do there. Everything but the vectors is read at once, since the plan of an import depends on all of it.
/// </summary>
internal abstract class VectorReader : IAsyncDisposable
{
    /// <summary>Lower-case hex; null: the file does not say which backbone computed its vectors.</summary>
    public string? BackboneFingerprint { get; protected init; }

    /// <exception cref="CommandFailure">There is no such file, or it is none of either kind.</exception>
    public static async Task<VectorReader> OpenAsync(string path, CancellationToken cancellation)
    {
        if (Directory.Exists(path))
        {
            return NpyFolderReader.Open(Path.Combine(path, NpyFolder.VectorsFile));
        }

        return !File.Exists(path) ? throw new CommandFailure($"There is neither a folder nor a file at {path}.")
            : path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) ? NpyFolderReader.Open(path)
            : await ParquetVectorsReader.OpenFileAsync(path, cancellation);
    }

    /// <param name="path">The file, for messages.</param>
    /// <param name="named">What the caller says, or null.</param>
    /// <param name="own">The services' own backbone.</param>
    /// <exception cref="CommandFailure">The vectors are of another backbone, or nobody says of which.</exception>
    public void CheckBackbone(string path, string? named, string own)
    {
        if (named is not null && BackboneFingerprint is { } recorded && named != recorded)
        {
            throw new CommandFailure($"{path} says that backbone {recorded} computed its vectors; --backbone says {named}.");
        }

        var fingerprint = named ?? BackboneFingerprint ?? throw CommandFailure.WrongUsage(
            $"{path} does not say which backbone computed its vectors: name it with --backbone FINGERPRINT. The services run {own}.");
        if (fingerprint != own)
        {
            throw new CommandFailure($"The vectors of {path} are of backbone {fingerprint}, and the services run {own}: vectors of two backbones never mix.");
        }
    }

    /// <returns>File i is row i; a row that cannot be imported has no hash, and is a problem.</returns>
    public abstract Task<HashedListing> ReadExamplesAsync(CancellationToken cancellation);

    /// <summary>All vectors from row 0 on, some rows at a time; the memory of these is the next ones'.</summary>
    /// <param name="dimensions">Numbers that a vector should have. One that has not is given as it is.</param>
    /// <param name="cancellation">Ends it.</param>
    public abstract IAsyncEnumerable<IReadOnlyList<ReadOnlyMemory<float>>> ReadVectorsAsync(int dimensions, CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
