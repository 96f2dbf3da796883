using Parquet;
using Parquet.Schema;

namespace Topfive.Cli;

/// <summary>
/// One Parquet file, a row an example: image_hash (hex), label, split ("training", "validation"), vector (list of
/// float). The vectors are written as they are: they hardly compress.
/// </summary>
internal sealed class ParquetVectors : VectorFile
{
    private static readonly DataField<string> Hash = new("image_hash", nullable: false);
    private static readonly DataField<string> Label = new("label", nullable: false);
    private static readonly DataField<string> Split = new("split", nullable: false);
    private static readonly DataField<float> Number = new("element");

    private readonly UnfinishedFile _file;
    private readonly ParquetWriter _writer;
    private bool _isWhole;

    private ParquetVectors(UnfinishedFile file, ParquetWriter writer) => (_file, _writer) = (file, writer);

    public static async Task<ParquetVectors> CreateAsync(string path, CancellationToken cancellation)
    {
        var file = new UnfinishedFile(path);
        try
        {
            var schema = new ParquetSchema(Hash, Label, Split, new ListField("vector", Number));
            var options = new ParquetOptions { CompressionMethod = CompressionMethod.None };
            return new ParquetVectors(file, await ParquetWriter.CreateAsync(schema, file.Stream, options, cancellationToken: cancellation));
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
