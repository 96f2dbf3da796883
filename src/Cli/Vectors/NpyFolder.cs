using System.Runtime.InteropServices;
using System.Text;
using Google.Protobuf;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary>
/// A folder of numpy arrays, row i of each for example i: vectors.npy (float32, [examples, dimensions]), labels.npy,
/// splits.npy ("training", "validation") and hashes.npy (hex), all three text, [examples], and groups.npy, which is bytes;
/// and backbone.txt, a line with the fingerprint of the backbone.
/// </summary>
internal sealed class NpyFolder : VectorFile
{
    public const string VectorsFile = "vectors.npy";
    public const string LabelsFile = "labels.npy";
    public const string SplitsFile = "splits.npy";
    public const string HashesFile = "hashes.npy";
    public const string GroupsFile = "groups.npy";
    public const string BackboneFile = "backbone.txt";

    private const int HashWidth = 64;
    private const int SplitWidth = 10;

    private readonly int _labelWidth;
    private readonly NpyArray _vectors, _labels, _splits, _hashes, _groups;
    private readonly UnfinishedFile _backbone;

    public NpyFolder(string folder, VectorFileHeader header)
    {
        Directory.CreateDirectory(folder);
        _labelWidth = header.Labels.Max(label => Encoding.UTF32.GetByteCount(label) / sizeof(int));
        _vectors = new NpyArray(Path.Combine(folder, VectorsFile), "<f4", header.Examples, header.Dimensions);
        _labels = new NpyArray(Path.Combine(folder, LabelsFile), $"<U{_labelWidth}", header.Examples);
        _splits = new NpyArray(Path.Combine(folder, SplitsFile), $"<U{SplitWidth}", header.Examples);
        _hashes = new NpyArray(Path.Combine(folder, HashesFile), $"<U{HashWidth}", header.Examples);
        _groups = new NpyArray(Path.Combine(folder, GroupsFile), $"|S{ExampleRule.MaxGroupBytes}", header.Examples);
        _backbone = new UnfinishedFile(Path.Combine(folder, BackboneFile));
        _backbone.Stream.Write(Encoding.ASCII.GetBytes($"{header.BackboneFingerprint}\n"));
    }

    public override async Task WriteAsync(IReadOnlyList<ExportedRow> rows, CancellationToken cancellation)
    {
        foreach (var row in rows)
        {
            await _vectors.WriteAsync(MemoryMarshal.AsBytes(row.Vector.Span).ToArray(), cancellation);
            await _labels.WriteAsync(row.Example.Label, _labelWidth, cancellation);
            await _splits.WriteAsync(row.Split, SplitWidth, cancellation);
            await _hashes.WriteAsync(row.Hash, HashWidth, cancellation);
            await _groups.WriteAsync(Padded(row.Example.Group, row.Hash), cancellation);
        }
    }

    public override async Task CompleteAsync(CancellationToken cancellation)
    {
        await _backbone.FinishAsync();
        foreach (var array in Arrays)
        {
            await array.FinishAsync();
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await _backbone.DisposeAsync();
        foreach (var array in Arrays)
        {
            await array.DisposeAsync();
        }
    }

    private static byte[] Padded(ByteString group, string hash)
    {
        if (group.Length > 0 && group[^1] == 0)
        {
            throw new CommandFailure($"The group of image {hash} ends with a zero byte, which numpy's fixed-width bytes cannot say: export with --format parquet.");
        }

        var element = new byte[ExampleRule.MaxGroupBytes];
        group.Span.CopyTo(element);
        return element;
    }

    private NpyArray[] Arrays => [_labels, _splits, _hashes, _groups, _vectors];
}
