using System.Runtime.InteropServices;
using System.Text;

namespace Topfive.Cli;

/// <summary>
/// A folder of numpy arrays, row i of each for example i: vectors.npy (float32, [examples, dimensions]), labels.npy,
/// splits.npy ("training", "validation") and hashes.npy (hex), all three text, [examples].
/// </summary>
internal sealed class NpyFolder : VectorFile
{
    private const int HashWidth = 64;
    private const int SplitWidth = 10;

    private readonly int _labelWidth;
    private readonly NpyArray _vectors, _labels, _splits, _hashes;

    public NpyFolder(string folder, long examples, int dimensions, IReadOnlyCollection<string> labels)
    {
        Directory.CreateDirectory(folder);
        _labelWidth = labels.Max(label => Encoding.UTF32.GetByteCount(label) / sizeof(int));
        _vectors = new NpyArray(Path.Combine(folder, "vectors.npy"), "<f4", examples, dimensions);
        _labels = new NpyArray(Path.Combine(folder, "labels.npy"), $"<U{_labelWidth}", examples);
        _splits = new NpyArray(Path.Combine(folder, "splits.npy"), $"<U{SplitWidth}", examples);
        _hashes = new NpyArray(Path.Combine(folder, "hashes.npy"), $"<U{HashWidth}", examples);
    }

    public override async Task WriteAsync(IReadOnlyList<ExportedRow> rows, CancellationToken cancellation)
    {
        foreach (var row in rows)
        {
            await _vectors.WriteAsync(MemoryMarshal.AsBytes(row.Vector.Span).ToArray(), cancellation);
            await _labels.WriteAsync(row.Example.Label, _labelWidth, cancellation);
            await _splits.WriteAsync(row.Split, SplitWidth, cancellation);
            await _hashes.WriteAsync(row.Hash, HashWidth, cancellation);
        }
    }

    public override async Task CompleteAsync(CancellationToken cancellation)
    {
        foreach (var array in Arrays)
        {
            await array.FinishAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var array in Arrays)
        {
            await array.DisposeAsync();
        }
    }

    private NpyArray[] Arrays => [_labels, _splits, _hashes, _vectors];
}
