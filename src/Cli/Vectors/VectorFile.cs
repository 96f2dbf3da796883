namespace Topfive.Cli;

/// <summary>Where exported rows go. What is not completed leaves no file that looks like an export.</summary>
internal abstract class VectorFile : IAsyncDisposable
{
    public abstract Task WriteAsync(IReadOnlyList<ExportedRow> rows, CancellationToken cancellation);

    /// <summary>After the last row: gives the files their names.</summary>
    public abstract Task CompleteAsync(CancellationToken cancellation);

    public abstract ValueTask DisposeAsync();
}
