using System.Diagnostics;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Images a second through FeatureService, a process of its own with the embedded store in it, and what its parts do
/// alone on the same machine in the same run.
/// </summary>
internal static class StreamBench
{
    private const int Batch = 8;
    private const int WarmUp = 96;
    private const int Hits = 20_000;
    private const int HitsWithBytes = 4_000;
    private const double DemandedHits = 8_000;

    public static async Task<int> RunAsync(int count)
    {
        var model = await TestBackbone.ModelAsync();
        var images = await BenchImages.MakeAsync((2 * count) + WarmUp);
        var (misses, others, first) = (images[..count], images[count..(2 * count)], images[(2 * count)..]);
        Console.WriteLine($"{count:N0} JPEGs of 500x375, {images.Average(image => image.Length) / 1000:F0} KB on average, {Environment.ProcessorCount} cores");

        using var directory = new TempDirectory();
        await using var service = await BenchProcess.FeatureServiceAsync(model, Path.Combine(directory.Path, "features"), Batch);
        await using var echo = await BenchProcess.EchoAsync();
        ExtractStreamRequest[] byHash = [.. misses.Select(ByHash)], withBytes = [.. misses.Select(WithBytes)];

        // Several seconds of a process' first images go to compiling its code.
        await service.Client.StreamAsync([.. first.Select(WithBytes)]);
        var engineBefore = Engine(model, misses);
        var decode = Decoding(misses);
        var miss = await service.Client.StreamAsync(withBytes);
        var half = await service.Client.StreamAsync([.. others.Zip(misses).SelectMany(pair => new[] { WithBytes(pair.First), WithBytes(pair.Second) })]);
        var engine = (engineBefore + Engine(model, misses)) / 2;
        var beside = 1 / ((1 / engine) + (1 / decode));

        var (hit, hitEcho) = await BesideAsync(service, echo, byHash, Hits, Load.StreamAsync);
        var (bytes, bytesEcho) = await BesideAsync(service, echo, withBytes, HitsWithBytes, Load.StreamAsync);

        await using var topfive = await BenchProcess.TopfiveAsync(model, Path.Combine(directory.Path, "topfive"));
        await topfive.Ingestion.IngestAsync([.. first.Select(WithBytes)]);
        var ingestMiss = await topfive.Ingestion.IngestAsync(withBytes);
        await topfive.Ingestion.IngestAsync(Repeat(byHash, Hits / 8));
        var ingestHit = await topfive.Ingestion.IngestAsync(Repeat(byHash, Hits / 2));

        Figure.Print(
        [
            new("engine_alone", engine, "images/s", null, $"the engine in a bare loop, batches of {Batch}, before and after the streams"),
            new("decode", decode, "images/s", null, "decoding and resizing alone, on all cores"),
            new("stream_miss", miss, "images/s", beside, "ExtractStream, nothing stored; limit: engine and decoding on the same cores; 0.92 is demanded"),
            new("stream_half", half, "images/s", 2 * beside, "ExtractStream, every other one stored; limit: twice that of stream_miss"),
            new("stream_hit", hit, "images/s", DemandedHits, "ExtractStream, all stored, by hash; limit: what is demanded"),
            new("stream_hit_echo", hit, "images/s", hitEcho, "the same; limit: a bare stream that answers as many floats"),
            new("stream_hit_bytes", bytes, "images/s", bytesEcho, "ExtractStream, all stored, with bytes; limit: a bare stream that hashes them and answers as many floats"),
            new("ingest_miss", ingestMiss, "images/s", miss, "Gateway.Ingest, nothing stored; limit: stream_miss"),
            new("ingest_hit", ingestHit, "images/s", null, "Gateway.Ingest, all stored, by hash"),
            new("rss_service", service.PeakRss, "MB", null, "peak of FeatureService with the embedded store"),
            new("rss_topfive", topfive.PeakRss, "MB", null, "peak of `topfive up`: all three services and the embedded store"),
            new("rss_client", ServiceProcess.PeakRssOf(Environment.ProcessId) / 1e6, "MB", null, "peak of this process: the client, its images, and a second engine"),
        ]);
        return 0;
    }

    /// <returns>The better of two rounds each, taken in turn after a warm-up.</returns>
    private static async Task<(double Service, double Echo)> BesideAsync(
        BenchProcess service, BenchProcess echo, ExtractStreamRequest[] items, int count,
        Func<FeatureExtraction.FeatureExtractionClient, ExtractStreamRequest[], Task<double>> load)
    {
        var requests = Repeat(items, count);
        var (best, bestEcho) = (0.0, 0.0);
        await load(service.Client, requests[..(count / 4)]);
        await load(echo.Client, requests[..(count / 4)]);
        for (var round = 0; round < 2; round++)
        {
            best = Math.Max(best, await load(service.Client, requests));
            bestEcho = Math.Max(bestEcho, await load(echo.Client, requests));
        }

        return (best, bestEcho);
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
        Decode();
        var began = Stopwatch.GetTimestamp();
        Decode();
        return images.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;

        void Decode() => Parallel.ForEach(images, image => decoder.Decode(image, pixels.Value, 299, 299));
    }

    private static ExtractStreamRequest[] Repeat(ExtractStreamRequest[] items, int count) =>
        [.. Enumerable.Range(0, count).Select(i => items[i % items.Length])];

    private static ImageDecoder Decoder() => new(Options.Create(new LimitOptions()), Options.Create(new DecodingOptions()));

    private static ExtractStreamRequest WithBytes(byte[] image) => new() { Image = UnsafeByteOperations.UnsafeWrap(image) };

    private static ExtractStreamRequest ByHash(byte[] image) => new() { ImageHash = ByteString.CopyFrom(ImageHash.Of(image).ToByteArray()) };
}
