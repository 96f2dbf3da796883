using System.Diagnostics;
using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Peak memory of a ClassifierService in a process of its own that trains on 100,000 images (819 MB of vectors), held in
/// memory and mapped from a file; both must make the same head, and take at most 2 GiB. Needs redis-server.
/// </summary>
internal static class TrainMemoryBench
{
    private const double LimitMegabytes = 2_147.5;
    private const int Labels = 120;
    private const int InFlight = 256;

    private static readonly BackboneRecord Backbone = new(new string('a', 64), "synthetic", 2048);

    public static async Task<int> RunAsync(int images)
    {
        await using var redis = await RedisServer.TryStartAsync();
        if (redis is null)
        {
            Console.WriteLine(RedisServer.WhySkipped);
            return 0;
        }

        await using var connection = new StoreConnection(
            Options.Create(new StoreOptions { ConnectionString = redis.ConnectionString, VectorFormat = "fp16" }), NullLoggerFactory.Instance);
        await connection.OpenAsync();
        await FillAsync(connection, images);

        using var snapshots = new TempDirectory();
        var inMemory = await TrainAsync(redis, snapshots.Path, memoryLimit: 1L << 31);
        var mapped = await TrainAsync(redis, snapshots.Path, memoryLimit: 64L << 20);
        var heads = new HeadStore(connection);
        var models = await Task.WhenAll(heads.GetModelAsync("bench", 1), heads.GetModelAsync("bench", 2));
        var same = models[0]!.SequenceEqual(models[1]!);
        Console.WriteLine(
            $"mapped from a file, the run made {(same ? "the same bits" : "OTHER BITS")}; {Directory.EnumerateFileSystemEntries(snapshots.Path).Count()} files are left of it");
        Figure.Print(
        [
            new Figure("train_rss", inMemory, "MB", LimitMegabytes, $"peak resident memory of a run over {images:N0} images held in memory; lower is better"),
            new Figure("train_rss_mapped", mapped, "MB", LimitMegabytes, "the same mapped from a file: pages that the system may take back at any time are counted in"),
        ]);
        return same ? 0 : 1;
    }

    private static async Task FillAsync(StoreConnection connection, int images)
    {
        var (vectors, datasets, random) = (new VectorStore(connection), new DatasetStore(connection), new Random(1));
        await new BackboneRegistry(connection).AnnounceAsync(Backbone);
        var buffers = Enumerable.Range(0, InFlight).Select(_ => new float[Backbone.Dimensions]).ToArray();
        for (var first = 0; first < images; first += InFlight)
        {
            var examples = new List<Example>();
            var writes = new List<Task>();
            for (var i = first; i < Math.Min(first + InFlight, images); i++)
            {
                var (image, vector, label) = (ImageHash.Of(BitConverter.GetBytes(i)), buffers[i - first], i % Labels);
                for (var column = 0; column < vector.Length; column++) vector[column] = (((column * 31) + label) % 7 == 0 ? 0.8f : 0.1f) + (0.5f * random.NextSingle());
                writes.Add(vectors.SetAsync(Backbone.Fingerprint, image, vector));
                examples.Add(new Example
                {
                    Dataset = "bench",
                    ImageHash = ByteString.CopyFrom(image.ToByteArray()),
                    Label = $"label {label}",
                    Split = i / Labels % 4 == 3 ? Split.Validation : Split.Training,
                });
            }

            await Task.WhenAll(writes);
            await datasets.AddAsync("bench", examples);
        }
    }

    /// <returns>Peak resident memory in MB.</returns>
    private static async Task<double> TrainAsync(RedisServer redis, string snapshots, long memoryLimit)
    {
        await using var process = await ServiceProcess.StartAsync("Topfive.ClassifierService", [], ServiceProcess.NowListening, new Dictionary<string, string?>
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Store__ConnectionString"] = redis.ConnectionString,
            ["Training__MemoryLimit"] = $"{memoryLimit}",
            ["Training__SnapshotDirectory"] = snapshots,
        });
        using var channel = GrpcChannel.ForAddress(process.Address);
        var training = new Training.TrainingClient(channel);
        var watch = Stopwatch.StartNew();
        var run = await training.StartRunAsync(new StartRunRequest { Dataset = "bench", Head = "bench", Recipe = new Recipe { BatchSize = 128, Epochs = 1 } });
        using var call = training.WatchRun(new WatchRunRequest { RunId = run.RunId });
        var last = new RunEvent();
        while (await call.ResponseStream.MoveNext(CancellationToken.None)) last = call.ResponseStream.Current;
        if (last.Failed is { } failed) throw new InvalidOperationException(failed.Message);
        Console.WriteLine(
            $"limit {memoryLimit >> 20:N0} MiB: one epoch in {watch.Elapsed.TotalSeconds:F1} s, reading the store and validation included; peak {process.PeakRss / 1e6:N0} MB");
        return process.PeakRss / 1e6;
    }
}
