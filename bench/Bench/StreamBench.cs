using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Images a second through FeatureService (with the embedded store and the client in this process too), and what its
/// parts do alone on the same machine.
/// </summary>
internal static class StreamBench
{
    private const int Batch = 8;
    private const int Hits = 20_000;
    private const int HitsWithBytes = 4_000;
    private const int InFlight = 64;
    private const double DemandedHits = 8_000;

    public static async Task<int> RunAsync(int count)
    {
        var model = await TestBackbone.ModelAsync();
        var images = await BenchImages.MakeAsync((2 * count) + Batch);
        var (misses, others, first) = (images[..count], images[count..(2 * count)], images[(2 * count)..]);
        Console.WriteLine($"{count:N0} JPEGs of 500x375, {images.Average(image => image.Length) / 1000:F0} KB on average, {Environment.ProcessorCount} cores");

        var engine = Engine(model, misses);
        var decode = Decoding(misses);
        var hash = PerCore(misses, image => ImageHash.Of(image));
        var beside = 1 / ((1 / engine) + (1 / decode));
        var figures = new List<Figure>
        {
            new("engine_fp32", engine, "images/s", null, $"the engine alone, batches of {Batch}"),
            new("decode", decode, "images/s", null, "decoding and resizing alone, on all cores"),
        };

        using var directory = new TempDirectory();
        await using var app = FeatureServiceHost.Build([], new Dictionary<string, string?>
        {
            ["Listen:GrpcPort"] = "0",
            ["Listen:HttpPort"] = "0",
            ["Logging:LogLevel:Default"] = "Warning",
            ["Store:DataDirectory"] = directory.Path,
            ["Backbone:Model"] = model,
            ["Batching:MaxBatchSize"] = $"{Batch}",
        });
        await app.StartAsync();
        await FeatureServiceHost.ReadyAsync(app);
        using var channel = GrpcChannel.ForAddress(app.GrpcAddress());
        var client = new FeatureExtraction.FeatureExtractionClient(channel);

        await StreamAsync(client, [.. first.Select(WithBytes)]);
        var miss = await StreamAsync(client, [.. misses.Select(WithBytes)]);
        figures.Add(new("stream_miss", miss, "images/s", beside, "ExtractStream, nothing stored; limit: engine and decoding on the same cores"));

        ExtractStreamRequest[] byHash = [.. misses.Select(image => new ExtractStreamRequest { ImageHash = Hash(image) })];
        await StreamAsync(client, Repeat(byHash, Hits / 4));
        var hit = await StreamAsync(client, Repeat(byHash, Hits));
        figures.Add(new("stream_hit", hit, "images/s", DemandedHits, "ExtractStream, all stored, by hash"));
        await UnaryAsync(client, Repeat(byHash, Hits / 4));
        figures.Add(new("unary_hit", await UnaryAsync(client, Repeat(byHash, Hits)), "images/s", hit, $"the same by Extract, {InFlight} at a time; limit: the stream"));
        figures.Add(new(
            "stream_hit_bytes", await StreamAsync(client, Repeat([.. misses.Select(WithBytes)], HitsWithBytes)), "images/s",
            1 / ((1 / hit) + (1 / hash)), "ExtractStream, all stored, with bytes; limit: by hash and hashing on all cores, without the wire"));

        ExtractStreamRequest[] half = [.. others.Zip(misses).SelectMany(pair => new[] { WithBytes(pair.First), WithBytes(pair.Second) })];
        figures.Add(new("stream_half", await StreamAsync(client, half), "images/s", 2 * beside, "ExtractStream, every other one stored; limit: twice that of stream_miss"));
        figures.Add(new("peak_rss", PeakRss(), "MB", null, "of this process: client, service and store"));
        await app.StopAsync();

        Figure.Print(figures);
        return 0;
    }

    private static double Engine(string model, byte[][] images)
    {
        using var engine = new OnnxEngine(model, BackboneFile.Read(model), threads: 0);
        var pixels = new float[Batch * engine.PixelsLength];
        using var decoder = Decoder();
        for (var row = 0; row < Batch; row++)
        {
            decoder.Decode(images[row % images.Length], pixels.AsSpan(row * engine.PixelsLength, engine.PixelsLength), 299, 299);
        }

        var vectors = new float[Batch * engine.Dimensions];
        engine.Run(pixels, Batch, vectors);
        var runs = Math.Max(4, images.Length / Batch);
        var began = Stopwatch.GetTimestamp();
        for (var run = 0; run < runs; run++)
        {
            engine.Run(pixels, Batch, vectors);
        }

        return runs * Batch / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static double Decoding(byte[][] images)
    {
        using var decoder = Decoder();
        using var pixels = new ThreadLocal<float[]>(() => new float[299 * 299 * 3]);
        return PerCore(images, image => decoder.Decode(image, pixels.Value, 299, 299));
    }

    private static ImageDecoder Decoder() => new(Options.Create(new LimitOptions()));

    /// <returns>Images a second of a step that runs on every core.</returns>
    private static double PerCore(byte[][] images, Action<byte[]> step)
    {
        Parallel.ForEach(images, step);
        var began = Stopwatch.GetTimestamp();
        Parallel.ForEach(images, step);
        return images.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> StreamAsync(FeatureExtraction.FeatureExtractionClient client, ExtractStreamRequest[] items)
    {
        var began = Stopwatch.GetTimestamp();
        using var call = client.ExtractStream();
        var sending = Task.Run(async () =>
        {
            foreach (var item in items)
            {
                await call.RequestStream.WriteAsync(item);
            }

            await call.RequestStream.CompleteAsync();
        });
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            Check(result.Extracted?.Vector.Count, result.Error?.Message);
        }

        await sending;
        return items.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<double> UnaryAsync(FeatureExtraction.FeatureExtractionClient client, ExtractStreamRequest[] items)
    {
        var began = Stopwatch.GetTimestamp();
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = InFlight }, async (item, cancellation) =>
        {
            var response = await client.ExtractAsync(new ExtractRequest { ImageHash = item.ImageHash, Bulk = true }, cancellationToken: cancellation);
            Check(response.Vector.Count, error: null);
        });
        return items.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Check(int? dimensions, string? error)
    {
        if (dimensions != 2048)
        {
            throw new InvalidOperationException($"an item has no vector: {error}");
        }
    }

    private static ExtractStreamRequest WithBytes(byte[] image) => new() { Image = UnsafeByteOperations.UnsafeWrap(image) };

    private static ByteString Hash(byte[] image) => ByteString.CopyFrom(ImageHash.Of(image).ToByteArray());

    private static ExtractStreamRequest[] Repeat(ExtractStreamRequest[] items, int count) =>
        [.. Enumerable.Range(0, count).Select(i => items[i % items.Length])];

    private static double PeakRss()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e6;
    }
}
