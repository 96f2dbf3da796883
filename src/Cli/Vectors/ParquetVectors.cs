using Parquet;
using Parquet.Schema;

namespace Topfive.Cli;

/// <summary>
/// One Parquet file, a row an example: image_hash (hex), label, split ("training", "validation"), group (bytes), vector (list of
/// float); its metadata names the backbone. The vectors are written as they are: they hardly compress.
/// </summary>
internal sealed class ParquetVectors : VectorFile
{
    public const string HashColumn = "image_hash";
    public const string LabelColumn = "label";
    public const string SplitColumn = "split";
    public const string GroupColumn = "group";
    public const string VectorColumn = "vector";
    public const string BackboneKey = "topfive.backbone_fingerprint";

    private static readonly DataField<string> Hash = new(HashColumn, nullable: false);
    private static readonly DataField<string> Label = new(LabelColumn, nullable: false);
    private static readonly DataField<string> Split = new(SplitColumn, nullable: false);
    private static readonly DataField<byte[]> Group = new(GroupColumn, nullable: false);
    private static readonly DataField<float> Number = new("element");

    private readonly UnfinishedFile _file;
    private readonly ParquetWriter _writer;
    private bool _isWhole;

    private ParquetVectors(UnfinishedFile file, ParquetWriter writer) => (_file, _writer) = (file, writer);

    public static async Task<ParquetVectors> CreateAsync(string path, VectorFileHeader header, CancellationToken cancellation)
    {
        var file = new UnfinishedFile(path);
        try
        {
            var schema = new ParquetSchema(Hash, Label, Split, Group, new ListField(VectorColumn, Number));
            var options = new ParquetOptions { CompressionMethod = CompressionMethod.None };
            var writer = await ParquetWriter.CreateAsync(schema, file.Stream, options, cancellationToken: cancellation);
            writer.CustomMetadata = new Dictionary<string, string> { [BackboneKey] = header.BackboneFingerprint };
            return new ParquetVectors(file, writer);
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    public override async Task WriteAsync(IReadOnlyList<ExportedRow> rows, CancellationToken cancellation)
    {
        var dimensions = rows[0].Vector.Length;
        var numbers = new float[rows.Count * dimensions];
        // 0 begins a list, 1 goes on with it; every number is there, so every one has the highest definition level.
        int[] repetitions = new int[numbers.Length], definitions = new int[numbers.Length];
        Array.Fill(repetitions, 1);
        Array.Fill(definitions, Number.MaxDefinitionLevel);
        for (var i = 0; i < rows.Count; i++)
        {
            rows[i].Vector.CopyTo(numbers.AsMemory(i * dimensions));
            repetitions[i * dimensions] = 0;
        }

        using var group = _writer.CreateRowGroup();
        await group.WriteAsync(Hash, [.. rows.Select(row => row.Hash)]);
        await group.WriteAsync(Label, [.. rows.Select(row => row.Example.Label)]);
        await group.WriteAsync(Split, [.. rows.Select(row => row.Split)]);
        await group.WriteAsync(Group, [.. rows.Select(row => row.Example.Group.ToByteArray())]);
        await group.WriteAllPartsAsync<float>(Number, numbers, definitions, repetitions, cancellation);
        group.CompleteValidate();
    }

    public override async Task CompleteAsync(CancellationToken cancellation)
    {
        _isWhole = true;
        await _writer.DisposeAsync();
        await _file.FinishAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (!_isWhole)
        {
            await _writer.DisposeAsync();
        }

        await _file.DisposeAsync();
    }
}
