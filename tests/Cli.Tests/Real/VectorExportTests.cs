using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Net.Client;
using Parquet;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary><c>topfive export --vectors</c> against the real services.</summary>
[Collection(typeof(SharedTopfive))]
public sealed class VectorExportTests(RunningTopfive topfive) : IDisposable
{
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_dataset_is_written_as_npy_and_as_parquet_with_the_vectors_that_the_services_give()
    {
        var expected = await ImportAsync("exported");

        Assert.Contains("Wrote 4 examples", await topfive.SucceedAsync("export", "--vectors", "exported", "--out", _folder.File("npy")));
        Assert.Contains("Wrote 4 examples", await topfive.SucceedAsync("export", "--vectors", "exported", "--format", "parquet", "--out", _folder.File("a.parquet")));

        Assert.Equal(["backbone.txt", "groups.npy", "hashes.npy", "labels.npy", "splits.npy", "vectors.npy"], Directory.GetFiles(_folder.File("npy")).Select(Path.GetFileName).Order());
        var matrix = File.ReadAllBytes(_folder.File("npy/vectors.npy"));
        Assert.Equal(expected.SelectMany(row => MemoryMarshal.AsBytes(row.Vector.ToArray().AsSpan()).ToArray()), matrix[^(4 * 2048 * 4)..]);

        await using var reader = await ParquetReader.CreateAsync(_folder.File("a.parquet"));
        var (fields, group) = (reader.Schema.DataFields, reader.OpenRowGroupReader(0));
        var (hashes, labels, splits) = (new string[4], new string[4], new string[4]);
        var (numbers, definitions, repetitions) = (new float[4 * 2048], new int[4 * 2048], new int[4 * 2048]);
        await group.ReadAsync(fields[0], hashes);
        await group.ReadAsync(fields[1], labels);
        await group.ReadAsync(fields[2], splits);
        await group.ReadRawAsync<float>(fields[4], numbers, definitions, repetitions);
        Assert.Equal(["image_hash", "label", "split", "group", "vector"], fields.Select(field => field.Path.FirstPart));
        Assert.Equal(expected.Select(row => row.Hash), hashes);
        Assert.Equal(expected.Select(row => row.Example.Label), labels);
        Assert.Equal(expected.Select(row => row.Split), splits);
        Assert.Contains("validation", splits);
        Assert.Equal(expected.SelectMany(row => row.Vector.ToArray()), numbers);
        Assert.Equal(Enumerable.Range(0, 4 * 2048).Select(i => i % 2048 == 0 ? 0 : 1), repetitions);
    }

    [Fact]
    public async Task A_vector_that_is_gone_is_named_and_no_file_is_left()
    {
        var rows = await ImportAsync("holes");
        using var channel = GrpcChannel.ForAddress(topfive.Process.GatewayAddress);
        await new FeatureExtraction.FeatureExtractionClient(channel).DeleteVectorsAsync(new DeleteVectorsRequest { ImageHashes = { rows[2].Example.ImageHash } });

        var outcome = await CommandLine.RunAsync(["export", "--vectors", "holes", "--out", _folder.File("npy"), "--gateway", $"{topfive.Process.GatewayAddress}"]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"Image {rows[2].Hash} of dataset \"holes\" has no stored vector", outcome.Errors);
        Assert.Empty(Directory.GetFiles(_folder.File("npy")));
    }

    /// <returns>The dataset's four examples as the services tell them, each with its vector.</returns>
    private async Task<List<ExportedRow>> ImportAsync(string dataset)
    {
        var photos = await TestPhotos.AllAsync();
        for (var i = 0; i < 4; i++)
        {
            var label = Directory.CreateDirectory(_folder.File($"{dataset}/label {i % 2}"));
            // Bytes behind a JPEG's end are ignored, and make images that no other test has.
            await File.WriteAllBytesAsync(Path.Combine(label.FullName, $"{i}.jpg"), [.. photos[i].ReadBytes(), .. ByteString.CopyFromUtf8(dataset).Span]);
        }

        await topfive.SucceedAsync("import", _folder.File(dataset), "--dataset", dataset, "--validation", "0.5");
        using var channel = GrpcChannel.ForAddress(topfive.Process.GatewayAddress);
        var features = new FeatureExtraction.FeatureExtractionClient(channel);
        using var listing = new Datasets.DatasetsClient(channel).ListExamples(new ListExamplesRequest { Dataset = dataset });
        var rows = new List<ExportedRow>();
        while (await listing.ResponseStream.MoveNext(CancellationToken.None))
        {
            var example = listing.ResponseStream.Current;
            var extracted = await features.ExtractAsync(new ExtractRequest { ImageHash = example.ImageHash });
            rows.Add(new ExportedRow(example, extracted.Vector.ToArray()));
        }

        return rows;
    }
}
