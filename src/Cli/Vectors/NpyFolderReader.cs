using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace Topfive.Cli;

/// <summary>
/// A folder as <see cref="NpyFolder"/> writes it. splits.npy (absent: by hash), groups.npy (absent: none) and backbone.txt
/// need not be there.
/// </summary>
internal sealed class NpyFolderReader : VectorReader
{
    /// <summary>8 MB of vectors.</summary>
    private const int RowsAtOnce = 1_024;

    private readonly NpyFile _vectors;
    private readonly string _folder;

    private NpyFolderReader(NpyFile vectors, string folder) => (_vectors, _folder) = (vectors, folder);

    /// <param name="path">The file of the vectors; the others stand beside it.</param>
    /// <exception cref="CommandFailure">It is none.</exception>
    public static NpyFolderReader Open(string path)
    {
        var vectors = NpyFile.Open(path);
        if (vectors.Type != "<f4" || vectors.Shape.Count != 2)
        {
            vectors.Dispose();
            throw vectors.Failed($"it is {string.Join(" × ", vectors.Shape)} of {vectors.Type}; it must be rows × numbers of <f4, as vectors.astype(\"<f4\") is");
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var backbone = Path.Combine(folder, NpyFolder.BackboneFile);
        return new NpyFolderReader(vectors, folder) { BackboneFingerprint = File.Exists(backbone) ? File.ReadAllText(backbone).Trim() : null };
    }

    public override async Task<HashedListing> ReadExamplesAsync(CancellationToken cancellation)
    {
        var hashes = await ReadAsync(NpyFolder.HashesFile, file => file.ReadTextsAsync(cancellation));
        var labels = await ReadAsync(NpyFolder.LabelsFile, file => file.ReadTextsAsync(cancellation));
        var splits = IsThere(NpyFolder.SplitsFile) ? await ReadAsync(NpyFolder.SplitsFile, file => file.ReadTextsAsync(cancellation)) : null;
        var groups = IsThere(NpyFolder.GroupsFile) ? await ReadAsync(NpyFolder.GroupsFile, file => file.ReadBytesAsync(cancellation)) : null;
        var listing = new VectorListing();
        for (var row = 0; row < hashes.Count; row++)
        {
            listing.Add(hashes[row], labels[row], splits?[row], groups?[row] ?? ByteString.Empty);
        }

        return listing.ToHashed();
    }

    public override async IAsyncEnumerable<IReadOnlyList<ReadOnlyMemory<float>>> ReadVectorsAsync(
        int dimensions, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var width = checked((int)_vectors.Shape[1]);
        if (width != dimensions)
        {
            throw _vectors.Failed($"its rows have {width:N0} numbers; a vector of this backbone has {dimensions:N0}");
        }

        var rows = new ReadOnlyMemory<float>[RowsAtOnce];
        var numbers = new float[RowsAtOnce * width];
        var bytes = new byte[numbers.Length * sizeof(float)];
        for (var first = 0L; first < _vectors.Shape[0]; first += RowsAtOnce)
        {
            var count = (int)Math.Min(RowsAtOnce, _vectors.Shape[0] - first);
            var part = bytes.AsMemory(0, count * width * sizeof(float));
            await _vectors.ReadAsync(first * width * sizeof(float), part, cancellation);
            MemoryMarshal.Cast<byte, float>(part.Span).CopyTo(numbers);
            for (var i = 0; i < count; i++)
            {
                rows[i] = numbers.AsMemory(i * width, width);
            }

            yield return new ArraySegment<ReadOnlyMemory<float>>(rows, 0, count);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _vectors.Dispose();
        return ValueTask.CompletedTask;
    }

    private bool IsThere(string name) => File.Exists(Path.Combine(_folder, name));

    private async Task<List<T>> ReadAsync<T>(string name, Func<NpyFile, Task<List<T>>> read)
    {
        using var file = NpyFile.Open(Path.Combine(_folder, name));
        var elements = await read(file);
        return elements.Count == _vectors.Shape[0]
            ? elements
            : throw file.Failed($"it has {elements.Count:N0} rows, and the vectors have {_vectors.Shape[0]:N0}");
    }
}
