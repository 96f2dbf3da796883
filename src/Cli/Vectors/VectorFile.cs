namespace Topfive.Cli;

/// <summary>What is known of an export before its first row.</summary>
/// <param name="Examples">Rows.</param>
/// <param name="Dimensions">Numbers of a vector.</param>
/// <param name="Labels">All that occur.</param>
/// <param name="BackboneFingerprint">Of the backbone that computed the vectors.</param>
internal sealed record VectorFileHeader(long Examples, int Dimensions, IReadOnlyCollection<string> Labels, string BackboneFingerprint);

/// <summary>Where exported rows go. What is not completed leaves no file that looks like an export.</summary>
internal abstract class VectorFile : IAsyncDisposable
{
    public abstract Task WriteAsync(IReadOnlyList<ExportedRow> rows, CancellationToken cancellation);

    /// <summary>After the last row: gives the files their names.</summary>
    public abstract Task CompleteAsync(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
