using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Parquet;
using Parquet.Schema;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary><c>topfive import --vectors</c> against the real services.</summary>
[Collection(typeof(SharedTopfive))]
public sealed class VectorImportTests(RunningTopfive topfive) : IDisposable
{
    private const int Dimensions = 2048;

    private readonly TempDirectory _folder = new();
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(topfive.Process.GatewayAddress);

    public void Dispose()
    {
        _channel.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData("npy")]
    [InlineData("parquet")]
    public async Task What_one_store_exports_makes_the_same_dataset_vectors_and_head_in_another(string format)
    {
        var dataset = $"there and back {format}";
        await AddExamplesAsync(dataset, 40);
        var file = _folder.File(format);
        await topfive.SucceedAsync("export", "--vectors", dataset, "--format", format, "--out", file);

        using var data = new TempDirectory();
        var options = new TopfiveOptions { ModelPath = await TestBackbone.ModelAsync(), DataDirectory = data.Path, Port = 0 };
        await using var other = await TopfiveProcess.StartAsync(options);
        using var otherChannel = GrpcChannel.ForAddress(other.GatewayAddress);

        var imported = await RunAsync(other, "import", "--vectors", file, "--dataset", dataset, "--strict");
        Assert.True(imported.ExitCode == 0, imported.Errors);
        Assert.Contains($"Imported 40 into \"{dataset}\": 40 vectors stored, 0 stored before; 0 copies of others left out; 0 failed", imported.Output);

        var expected = await DatasetAsync(_channel, dataset);
        Assert.Equal(expected, await DatasetAsync(otherChannel, dataset));
        Assert.Equal(await VectorsAsync(_channel, dataset), await VectorsAsync(otherChannel, dataset));

        foreach (var process in new[] { topfive.Process, other })
        {
            var trained = await RunAsync(process, "train", dataset, "--epochs", "2", "--seed", "7");
            Assert.True(trained.ExitCode == 0, trained.Errors);
        }

        Assert.Equal(await ModelAsync(_channel, dataset), await ModelAsync(otherChannel, dataset));

        // Cut off anywhere, the same command continues: what is stored is not sent again.
        var examples = await ExamplesAsync(otherChannel, dataset);
        await new FeatureExtraction.FeatureExtractionClient(otherChannel).DeleteVectorsAsync(
            new DeleteVectorsRequest { ImageHashes = { examples.Take(5).Select(example => example.ImageHash) } });
        var again = await RunAsync(other, "import", "--vectors", file, "--dataset", dataset, "--strict");
        Assert.Contains("5 vectors stored, 35 stored before", again.Output);
        Assert.Equal(await VectorsAsync(_channel, dataset), await VectorsAsync(otherChannel, dataset));
    }

    [Fact]
    public async Task Arrays_that_numpy_saves_are_read_and_bad_rows_are_named()
    {
        Assert.SkipUnless(Numpy.IsThere, Numpy.WhySkipped);
        await Numpy.RunAsync(_folder.Path, """
            import hashlib, numpy
            n = 6
            vectors = numpy.arange(n * 2048, dtype=numpy.float32).reshape(n, 2048) / 1000
            vectors[2, 7] = numpy.nan
            hashes = [hashlib.sha256(b"numpy %d" % i).hexdigest() for i in range(n)]
            hashes[3] = "no hash"
            hashes[5] = hashes[0]
            numpy.save("vectors.npy", vectors)
            numpy.save("hashes.npy", numpy.array(hashes))
            numpy.save("labels.npy", numpy.array([b"cat", b"dog", b"cat", b"dog", b"", b"dog"]))
            numpy.save("groups.npy", numpy.array(["litter", "\u00e9", "", "", "", ""]))
            """);
        var fingerprint = await FingerprintAsync();

        var unnamed = await RunAsync(topfive.Process, "import", "--vectors", _folder.Path, "--dataset", "numpy");
        Assert.Equal(2, unnamed.ExitCode);
        Assert.Contains("--backbone FINGERPRINT", unnamed.Errors);
        var foreign = await RunAsync(topfive.Process, "import", "--vectors", _folder.Path, "--dataset", "numpy", "--backbone", new string('0', 64));
        Assert.Equal(1, foreign.ExitCode);
        Assert.Contains(fingerprint, foreign.Errors);
        Assert.Contains(new string('0', 64), foreign.Errors);

        var outcome = await RunAsync(topfive.Process, "import", "--vectors", _folder.File("vectors.npy"), "--dataset", "numpy", "--backbone", fingerprint);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Imported 2 into \"numpy\": 2 vectors stored, 0 stored before; 0 copies of others left out; 4 failed", outcome.Output);
        Assert.Contains("row 2: its vector has a number that is not finite", outcome.Errors);
        Assert.Contains("row 3: its image_hash is \"no hash\"; it must be the 64 hexadecimal digits", outcome.Errors);
        Assert.Contains("row 4: label has 0 characters", outcome.Errors);
        Assert.Contains("row 5: the same image as row 0, which is labelled \"cat\"", outcome.Errors);
        var examples = await ExamplesAsync(_channel, "numpy");
        Assert.Equal([("cat", "litter"), ("dog", "é")], examples.Select(example => (example.Label, example.Group.ToStringUtf8())).Order());
        var vectors = await VectorsAsync(_channel, "numpy");
        Assert.Equal(
            [.. Enumerable.Range(0, 2 * Dimensions).Select(i => i / 1000f)],
            vectors.OrderBy(vector => vector.Vector[0]).SelectMany(vector => vector.Vector));
        Assert.Equal(1, (await RunAsync(topfive.Process, "import", "--vectors", _folder.Path, "--dataset", "numpy", "--backbone", fingerprint, "--strict")).ExitCode);
    }

    [Fact]
    public async Task A_parquet_of_another_writer_is_read_and_rows_without_a_vector_are_named()
    {
        var file = _folder.File("a.parquet");
        var (hash, label, number) = (new DataField<string>("image_hash"), new DataField<string>("label"), new DataField<float?>("item"));
        var group = new DataField<string>("group");
        await using (var stream = File.Create(file))
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(label, new ListField("vector", number), hash, group), stream))
        {
            for (var part = 0; part < 2; part++)
            {
                // Three rows: one whole, one with a list of two numbers, one without a list.
                float[] numbers = [.. Enumerable.Range(0, Dimensions + 2).Select(i => part + (i / 10f))];
                int[] definitions = [.. Enumerable.Repeat(number.MaxDefinitionLevel, numbers.Length), 0];
                int[] repetitions = [0, .. Enumerable.Repeat(1, Dimensions - 1), 0, 1, 0];
                using var rows = writer.CreateRowGroup();
                await rows.WriteAsync(label, ["cat", "dog", "dog"]);
                await rows.WriteAllPartsAsync<float>(number, numbers, definitions, repetitions, CancellationToken.None);
                await rows.WriteAsync(hash, [.. Enumerable.Range(0, 3).Select(i => Hash($"parquet {part} {i}"))]);
                await rows.WriteAsync(group, ["litter", null!, ""]);
                rows.CompleteValidate();
            }
        }

        var outcome = await RunAsync(
            topfive.Process, "import", "--vectors", file, "--dataset", "parquet", "--backbone", await FingerprintAsync(), "--split", "hash");

        Assert.True(outcome.ExitCode == 0, outcome.Errors);
        Assert.Contains("Imported 2 into \"parquet\": 2 vectors stored, 0 stored before; 0 copies of others left out; 4 failed", outcome.Output);
        Assert.Contains("row 1: its vector has 2 numbers; this backbone's have 2,048", outcome.Errors);
        Assert.Contains("row 5: its vector has 0 numbers; this backbone's have 2,048", outcome.Errors);
        Assert.Equal(["litter", "litter"], (await ExamplesAsync(_channel, "parquet")).Select(example => example.Group.ToStringUtf8()));
        Assert.Equal([0f, 1f], (await VectorsAsync(_channel, "parquet")).Select(vector => vector.Vector[0]).Order());
    }

    [Fact]
    public async Task Vectors_that_are_not_the_stored_ones_are_refused_before_anything_is_stored_and_overwrite_replaces_them()
    {
        await AddExamplesAsync("shuffled", 3);
        var file = _folder.File("npy");
        await topfive.SucceedAsync("export", "--vectors", "shuffled", "--out", file);
        var before = await VectorsAsync(_channel, "shuffled");
        // A row too low: every vector is another image's.
        var matrix = File.ReadAllBytes(Path.Combine(file, "vectors.npy"));
        var (rows, row) = (matrix.Length - (3 * Dimensions * 4), Dimensions * 4);
        File.WriteAllBytes(Path.Combine(file, "vectors.npy"), [.. matrix[..rows], .. matrix[^row..], .. matrix[rows..^row]]);

        var refused = await RunAsync(topfive.Process, "import", "--vectors", file, "--dataset", "other");
        Assert.Equal(1, refused.ExitCode);
        Assert.Matches(@"row 0: the store has this image's vector, and the file's differs from it by \d+ ?% of its largest number", refused.Errors);
        Assert.Equal(before, await VectorsAsync(_channel, "shuffled"));

        var replaced = await RunAsync(topfive.Process, "import", "--vectors", file, "--dataset", "other", "--overwrite");
        Assert.True(replaced.ExitCode == 0, replaced.Errors);
        Assert.Equal([before[2].Vector, before[0].Vector, before[1].Vector], (await VectorsAsync(_channel, "shuffled")).Select(vector => vector.Vector));
    }

    [Theory]
    [InlineData("import --dataset d")]
    [InlineData("import somewhere --vectors file --dataset d")]
    [InlineData("import --vectors file --dataset d --split keras")]
    [InlineData("import --vectors file --dataset d --validation 0.5")]
    [InlineData("import somewhere --dataset d --overwrite")]
    public async Task What_makes_no_sense_is_wrong_usage(string line) =>
        Assert.Equal(2, (await RunAsync(topfive.Process, line.Split(' '))).ExitCode);

    private static Task<Outcome> RunAsync(TopfiveProcess process, params string[] args) =>
        CommandLine.RunAsync([.. args, "--gateway", $"{process.GatewayAddress}"]);

    private async Task<string> FingerprintAsync() =>
        (await new FeatureExtraction.FeatureExtractionClient(_channel).GetBackboneAsync(new GetBackboneRequest())).Fingerprint;

    /// <summary>Examples whose vectors come from nowhere: two labels, both sides, some groups, one of them no text.</summary>
    private async Task AddExamplesAsync(string dataset, int count)
    {
        var random = new Random(count);
        var vectors = Enumerable.Range(0, count).Select(i => new StoredVector
        {
            ImageHash = ByteString.CopyFrom(Convert.FromHexString(Hash($"{dataset} {i}"))),
            Vector = { Enumerable.Range(0, Dimensions).Select(_ => random.NextSingle()) },
        }).ToList();
        using var put = new FeatureExtraction.FeatureExtractionClient(_channel).PutVectors();
        await put.RequestStream.WriteAsync(new PutVectorsRequest { BackboneFingerprint = await FingerprintAsync(), Vectors = { vectors } });
        await put.RequestStream.CompleteAsync();
        await put;
        using var add = new Datasets.DatasetsClient(_channel).AddExamples();
        foreach (var (i, vector) in vectors.Index())
        {
            await add.RequestStream.WriteAsync(new Example
            {
                Dataset = dataset,
                ImageHash = vector.ImageHash,
                Label = i % 2 == 0 ? "Éclair 🍰" : "b",
                Split = i % 4 < 2 ? Split.Training : Split.Validation,
                Group = i < 6 ? ByteString.CopyFrom(0xFF, 0, (byte)(i + 1)) : ByteString.Empty,
            });
        }

        await add.RequestStream.CompleteAsync();
        Assert.Equal(count, (await add).Added);
    }

    private static string Hash(string image) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(ByteString.CopyFromUtf8(image).Span));

    private static async Task<Dataset> DatasetAsync(GrpcChannel channel, string dataset) =>
        await new Datasets.DatasetsClient(channel).GetDatasetAsync(new GetDatasetRequest { Dataset = dataset });

    private static async Task<List<Example>> ExamplesAsync(GrpcChannel channel, string dataset)
    {
        using var listing = new Datasets.DatasetsClient(channel).ListExamples(new ListExamplesRequest { Dataset = dataset });
        return await listing.ResponseStream.ReadAllAsync().ToListAsync();
    }

    /// <summary>In the order of the hashes.</summary>
    private static async Task<List<StoredVector>> VectorsAsync(GrpcChannel channel, string dataset)
    {
        var request = new GetVectorsRequest { ImageHashes = { (await ExamplesAsync(channel, dataset)).Select(example => example.ImageHash) } };
        using var call = new FeatureExtraction.FeatureExtractionClient(channel).GetVectors(request);
        return await call.ResponseStream.ReadAllAsync().ToListAsync();
    }

    private static async Task<byte[]> ModelAsync(GrpcChannel channel, string head)
    {
        using var call = new Heads.HeadsClient(channel).ExportHead(new ExportHeadRequest { Head = head, Format = HeadFormat.Onnx });
        return [.. (await call.ResponseStream.ReadAllAsync().ToListAsync()).SelectMany(part => part.Data)];
    }
}
