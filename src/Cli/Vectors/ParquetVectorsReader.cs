using System.Runtime.CompilerServices;
using Google.Protobuf;
using Parquet;
using Parquet.Schema;

namespace Topfive.Cli;

/// <summary>
/// A Parquet file as <see cref="ParquetVectors"/> writes it. The columns split (absent or empty: by hash) and group (text or bytes; absent
/// or empty: none) need not be there. A row group at a time is in memory.
/// </summary>
internal sealed class ParquetVectorsReader : VectorReader
{
    /// <summary>Of 2,048 numbers each: 0.8 GB, and as much again for what Parquet says of each number.</summary>
    private const int MaxRowsInGroup = 100_000;

    private static readonly Type[] Text = [typeof(string), typeof(ReadOnlyMemory<char>)];
    private static readonly Type[] Bytes = [typeof(byte[]), typeof(ReadOnlyMemory<byte>)];

    private readonly ParquetReader _reader;
    private readonly string _path;
    private readonly DataField _hash, _label, _vector;
    private readonly DataField? _split, _group;

    private ParquetVectorsReader(ParquetReader reader, string path)
    {
        (_reader, _path) = (reader, path);
        _hash = Required(ParquetVectors.HashColumn, Text);
        _label = Required(ParquetVectors.LabelColumn, Text);
        _vector = Required(ParquetVectors.VectorColumn, typeof(float));
        _split = Find(ParquetVectors.SplitColumn, Text);
        _group = Find(ParquetVectors.GroupColumn, [.. Text, .. Bytes]);
        if (reader.RowGroups.Select((group, i) => (group.RowCount, i)).FirstOrDefault(group => group.RowCount > MaxRowsInGroup) is { RowCount: > 0 } large)
        {
            throw Failed($"row group {large.i} has {large.RowCount:N0} rows; at most {MaxRowsInGroup:N0} are read at once: write it with row_group_size=10_000");
        }
    }

    /// <exception cref="CommandFailure">It is no Parquet file, or lacks a column.</exception>
    public static async Task<ParquetVectorsReader> OpenFileAsync(string path, CancellationToken cancellation)
    {
        ParquetReader reader;
        try
        {
            reader = await ParquetReader.CreateAsync(path, cancellationToken: cancellation);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new CommandFailure($"{path} is no Parquet file, or cut short: {failure.Message}", failure);
        }

        try
        {
            return new ParquetVectorsReader(reader, path)
            {
                BackboneFingerprint = reader.CustomMetadata.GetValueOrDefault(ParquetVectors.BackboneKey),
            };
        }
        catch
        {
            await reader.DisposeAsync();
            throw;
        }
    }

    public override async Task<HashedListing> ReadExamplesAsync(CancellationToken cancellation)
    {
        var listing = new VectorListing();
        foreach (var group in _reader.RowGroups)
        {
            var hashes = await TextsAsync(group, _hash, cancellation);
            var labels = await TextsAsync(group, _label, cancellation);
            var splits = _split is null ? null : await TextsAsync(group, _split, cancellation);
            var groups = await GroupsAsync(group, cancellation);
            for (var row = 0; row < hashes.Length; row++)
            {
                listing.Add(hashes[row], labels[row], splits?[row], groups?[row] ?? ByteString.Empty);
            }
        }

        return listing.ToHashed();
    }

    public override async IAsyncEnumerable<IReadOnlyList<ReadOnlyMemory<float>>> ReadVectorsAsync(
        int dimensions, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var group in _reader.RowGroups)
        {
            var places = group.GetMetadata(_vector)?.MetaData?.NumValues ?? 0;
            if (places > (long)MaxRowsInGroup * dimensions)
            {
                throw Failed($"a row group has {places:N0} numbers; at most {MaxRowsInGroup:N0} rows of {dimensions:N0} are read at once");
            }

            var numbers = new float[places];
            int[] definitions = new int[places], repetitions = new int[places];
            await WithNameOfFileAsync(async () => { await group.ReadRawAsync<float>(_vector, numbers, definitions, repetitions, cancellation); return true; });
            yield return Rows(numbers, definitions, repetitions, (int)group.RowCount);
        }
    }

    public override ValueTask DisposeAsync() => _reader.DisposeAsync();

    /// <summary>A list begins where the repetition level is 0; a place whose definition level is not the highest holds no number.</summary>
    private ReadOnlyMemory<float>[] Rows(float[] numbers, ReadOnlySpan<int> definitions, ReadOnlySpan<int> repetitions, int count)
    {
        var rows = new ReadOnlyMemory<float>[count];
        var (row, begin, next) = (-1, 0, 0);
        for (var i = 0; i < repetitions.Length; i++)
        {
            if (repetitions[i] == 0)
            {
                End();
                (row, begin) = (row + 1, next);
            }

            next += definitions[i] == _vector.MaxDefinitionLevel ? 1 : 0;
        }

        End();
        return row == count - 1 ? rows : throw Failed($"a row group says that it has {count:N0} rows, and its vectors have {row + 1:N0}");

        void End()
        {
            if (row >= 0 && row < count)
            {
                rows[row] = numbers.AsMemory(begin, next - begin);
            }
        }
    }

    private async Task<string?[]> TextsAsync(ParquetRowGroupReader group, DataField field, CancellationToken cancellation)
    {
        var texts = new string[group.RowCount];
        await WithNameOfFileAsync(async () => { await group.ReadAsync(field, texts, cancellationToken: cancellation); return true; });
        return texts;
    }

    private async Task<ByteString[]?> GroupsAsync(ParquetRowGroupReader group, CancellationToken cancellation)
    {
        if (_group is null)
        {
            return null;
        }

        if (Text.Contains(_group.ClrType))
        {
            return [.. (await TextsAsync(group, _group, cancellation)).Select(text => ByteString.CopyFromUtf8(text ?? ""))];
        }

        var bytes = new byte[group.RowCount][];
        await WithNameOfFileAsync(async () => { await group.ReadAsync(_group, bytes, cancellationToken: cancellation); return true; });
        return [.. bytes.Select(value => value is null ? ByteString.Empty : UnsafeByteOperations.UnsafeWrap(value))];
    }

    /// <summary>A file that lies about itself breaks its reader in many ways.</summary>
    private async Task<T> WithNameOfFileAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new CommandFailure($"{_path} is broken: {failure.Message}", failure);
        }
    }

    private DataField Required(string name, params Type[] types) => Find(name, types)
        ?? throw Failed($"it has no column {name}; its columns are {string.Join(", ", _reader.Schema.Fields.Select(field => field.Name))}");

    private DataField? Find(string name, params Type[] types)
    {
        var field = _reader.Schema.DataFields.FirstOrDefault(field => field.Path.FirstPart == name);
        return field is null || types.Contains(field.ClrType)
            ? field
            : throw Failed($"column {name} is of {field.ClrType.Name}; it must be {(name == ParquetVectors.VectorColumn ? "a list of float (float32)" : "text")}");
    }

    private CommandFailure Failed(string reason) => new($"{_path}: {reason}.");
}
