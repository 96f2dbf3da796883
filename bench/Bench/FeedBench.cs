using System.Diagnostics;
using Microsoft.Extensions.Options;
using SkiaSharp;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// How fast an engine can be fed: images a second that a core decodes and resizes, and what comes through FeatureService when the
/// backbone costs next to nothing, as one bulk stream and as many calls. What is missing to all cores' decoding is the way of the
/// bytes, here with the client on the same cores.
/// </summary>
internal static class FeedBench
{
    private const int Side = 299;
    private const int Callers = 64;

    public static async Task<int> RunAsync(int count)
    {
        var small = await BenchImages.MakeAsync(64);
        var photo = (await TestPhotos.AllAsync())[3];
        var figures = new List<Figure>();
        (string Name, byte[][] Jpegs)[] sizes = [("500x375", small), ("2000x1500", [Scaled(photo, 2000, 1500)]), ("4000x3000", [Scaled(photo, 4000, 3000)])];
        foreach (var (name, jpegs) in sizes)
        {
            foreach (var preprocessing in new[] { DecodingOptions.Exact, DecodingOptions.Reduced })
            {
                figures.Add(new($"core_{name}_{preprocessing}", Alone(jpegs, preprocessing), "images/s", null, $"one core: decode and resize, {jpegs.Average(jpeg => jpeg.Length) / 1000:F0} KB"));
            }
        }

        using var directory = new TempDirectory();
        var model = SmallBackbone.Write(directory.File("small.onnx"));
        var before = Decoding(small, count);
        double stream, calls;
        TimeSpan decoding, wall;
        await using (var service = await HostedFeatures.StartAsync(model))
        {
            await service.Client.StreamAsync(GpuBench.NewItems(small, count / 4, 0));
            var items = GpuBench.NewItems(small, count, 1_000_000);
            stream = await service.Client.StreamAsync(items);
            (calls, decoding, wall) = await CallsAsync(service.Client, GpuBench.NewItems(small, count, 2_000_000));
        }

        var limit = (before + Decoding(small, count)) / 2;
        figures.Add(new("decode", limit, "images/s", null, $"decoding alone on {Environment.ProcessorCount} cores, before and after"));
        figures.Add(new("feed_stream", stream, "images/s", limit, "one ExtractStream, a backbone that costs nothing, the client on the same cores; limit: decoding alone"));
        figures.Add(new("feed_calls", calls, "images/s", limit, $"{Callers} callers of Extract, the same"));
        figures.Add(new("decoding_at_a_time", decoding / wall, "images", Environment.ProcessorCount, "of the calls, by the time that each says it decoded; limit: cores"));
        Figure.Print(figures);
        return 0;
    }

    private static double Alone(byte[][] jpegs, string preprocessing)
    {
        using var decoder = Decoder(preprocessing);
        var pixels = new float[Side * Side * 3];
        decoder.Decode(jpegs[0], pixels, Side, Side);
        var best = 0.0;
        for (var round = 0; round < 3; round++)
        {
            // Of processor time: what else the machine does takes none of it.
            var (began, used, images) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, 0);
            for (; Stopwatch.GetElapsedTime(began).TotalSeconds < 1; images++) decoder.Decode(jpegs[images % jpegs.Length], pixels, Side, Side);
            best = Math.Max(best, images / (Environment.CpuUsage.TotalTime - used).TotalSeconds);
        }

        return best;
    }

    private static double Decoding(byte[][] jpegs, int count)
    {
        using var decoder = Decoder(DecodingOptions.Exact);
        using var pixels = new ThreadLocal<float[]>(() => new float[Side * Side * 3]);
        var began = Stopwatch.GetTimestamp();
        Parallel.For(0, count, i => decoder.Decode(jpegs[i % jpegs.Length], pixels.Value, Side, Side));
        return count / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task<(double Rate, TimeSpan Decoding, TimeSpan Wall)> CallsAsync(FeatureExtraction.FeatureExtractionClient client, ExtractStreamRequest[] items)
    {
        var (began, ticks) = (Stopwatch.GetTimestamp(), 0L);
        await Parallel.ForEachAsync(items, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (item, cancellation) =>
        {
            var response = await client.ExtractAsync(new ExtractRequest { Image = item.Image }, cancellationToken: cancellation);
            Interlocked.Add(ref ticks, response.Timing.Decode.ToTimeSpan().Ticks);
        });
        var wall = Stopwatch.GetElapsedTime(began);
        return (items.Length / wall.TotalSeconds, new TimeSpan(ticks), wall);
    }

    private static ImageDecoder Decoder(string preprocessing) =>
        new(Options.Create(new LimitOptions()), Options.Create(new DecodingOptions { Preprocessing = preprocessing }));

    private static byte[] Scaled(TestPhoto photo, int width, int height)
    {
        using var bitmap = SKBitmap.Decode(photo.ReadBytes());
        using var scaled = bitmap.Resize(new SKSizeI(width, height), new SKSamplingOptions(SKCubicResampler.Mitchell));
        using var encoded = scaled.Encode(SKEncodedImageFormat.Jpeg, 85);
        return encoded.ToArray();
    }
}
