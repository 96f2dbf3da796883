using System.Diagnostics;
using System.Numerics.Tensors;
using System.Text.Json;
using Google.Protobuf;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// The backbone on a GPU, to be run on a machine that has one: how near its vectors come to the CPU's, images a second of the engine
/// alone by size of batch, and of ExtractStream from JPEG bytes; float32, float16, and float16 from bytes. A line of JSON a figure.
/// bench/torch_inception.py measures PyTorch's own beside it. With --device cpu the same code runs on the CPU.
/// </summary>
internal static class GpuBench
{
    private const int Side = 299;
    private static readonly (string Precision, PixelType Pixels, double Limit)[] Variants =
    [
        (BackboneConverter.Fp32, PixelType.Floats, 0.9999), (BackboneConverter.Fp16, PixelType.Floats, 0.999), (BackboneConverter.Fp16, PixelType.Bytes, 0.999),
    ];

    public static async Task<int> RunAsync(string[] args)
    {
        var options = GpuOptions.Parse(args);
        var source = options.Model ?? await TestBackbone.ModelAsync();
        Placement placement;
        try
        {
            placement = Placement.Choose(options.Device, BackboneFile.Read(source), () => Accelerators.Find(options.Library));
        }
        catch (InvalidDataException exception)
        {
            Print(new { bench = "gpu", device = options.Device, available = false, reason = exception.Message });
            return 1;
        }

        var gpu = placement.IsCpu ? null : placement.Gpus[0];
        Print(new { bench = "gpu", device = gpu?.ToString() ?? "cpu", available = gpu is not null, runtime = OnnxEngine.Name, cores = Environment.ProcessorCount });
        using var directory = new TempDirectory();
        var jpegs = await JpegsAsync(options.Images);
        float[][] images = [.. jpegs.Take(16).Select(Pixels)];
        float[][] expected;
        using (var reference = new OnnxEngine(source, BackboneFile.Read(source), threads: 0)) expected = [.. images.Select(image => Vector(reference, image))];

        var passed = true;
        foreach (var (precision, pixels, limit) in Variants)
        {
            var (model, name) = (source, pixels == PixelType.Bytes ? $"{precision} uint8" : precision);
            if ((precision, pixels) != (BackboneConverter.Fp32, PixelType.Floats))
            {
                model = directory.File($"{precision}-{pixels}.onnx");
                BackboneConverter.Convert(source, precision, pixels, model);
            }

            passed &= Parity(model, name, gpu, options, images, expected, limit);
            foreach (var batch in options.Batches) Engine(model, name, gpu, options, batch, images);
            await StreamAsync(model, name, gpu, options, jpegs);
        }

        return passed ? 0 : 1;
    }

    private static bool Parity(string model, string name, Gpu? gpu, GpuOptions options, float[][] images, float[][] expected, double limit)
    {
        using var engine = Open(model, gpu, options, batch: 8);
        double[] alone = [.. images.Select((image, i) => (double)TensorPrimitives.CosineSimilarity<float>(Vector(engine, image), expected[i]))];
        Print(new { bench = "gpu_parity", model = name, images = images.Length, cosine_min = alone.Min(), cosine_mean = alone.Average(), limit, passed = alone.Min() >= limit });
        return alone.Min() >= limit;
    }

    /// <summary>Copies to the device and back included, decoding and gathering not.</summary>
    private static void Engine(string model, string name, Gpu? gpu, GpuOptions options, int batch, float[][] images)
    {
        using var engine = Open(model, gpu, options, batch);
        float[] pixels = [.. Enumerable.Range(0, batch).SelectMany(i => images[i % images.Length])];
        var vectors = new float[batch * engine.Dimensions];
        engine.Run(pixels, batch, vectors);
        engine.Run(batch, vectors);
        var (began, runs) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(began).TotalSeconds < options.Seconds; runs++) engine.Run(batch, vectors);
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Print(new { bench = "gpu_engine", model = name, batch, images_per_s = runs * batch / seconds, ms_per_run = 1_000 * seconds / runs, pinned = engine is GpuEngine { IsPinned: true } });
    }

    private static async Task StreamAsync(string model, string name, Gpu? gpu, GpuOptions options, byte[][] jpegs)
    {
        List<(string, string)> settings = [("Backbone__Device", gpu is null ? "cpu" : options.Device), ("Backbone__ProviderLibrary", options.Library), ("Batching__MaxBatchSize", $"{options.Batches.Max()}")];
        settings.AddRange(options.ProviderOptions.Select(option => ($"Backbone__ProviderOptions__{option.Key}", option.Value)));
        await using var service = await HostedFeatures.StartAsync(model, [.. settings]);
        await service.Client.StreamAsync(NewItems(jpegs, Math.Min(options.Stream, 500), 0));
        var rate = await service.Client.StreamAsync(NewItems(jpegs, options.Stream, 1_000_000));
        Print(new { bench = "gpu_stream", model = name, images = options.Stream, images_per_s = rate, batch = options.Batches.Max(), cores = Environment.ProcessorCount });
    }

    /// <summary>A JPEG goes on to be the same picture when something follows its end, and is another image to the store.</summary>
    internal static ExtractStreamRequest[] NewItems(byte[][] jpegs, int count, int first) => [.. Enumerable.Range(first, count).Select(i => new ExtractStreamRequest
    {
        Image = UnsafeByteOperations.UnsafeWrap((byte[])[.. jpegs[i % jpegs.Length], .. BitConverter.GetBytes(i)]),
    })];

    private static IEngine Open(string model, Gpu? gpu, GpuOptions options, int batch)
    {
        var backbone = BackboneFile.Read(model);
        return gpu is not null ? CudaSession.Open(model, backbone, gpu, batch, options.ProviderOptions) : new OnnxEngine(model, backbone, threads: 0, batch);
    }

    private static async Task<byte[][]> JpegsAsync(string? folder) => folder is null
        ? await BenchImages.MakeAsync(64)
        : [.. Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)];

    private static float[] Pixels(byte[] jpeg)
    {
        using var decoder = new ImageDecoder(
            Microsoft.Extensions.Options.Options.Create(new LimitOptions()), Microsoft.Extensions.Options.Options.Create(new DecodingOptions()));
        var pixels = new float[Side * Side * 3];
        decoder.Decode(jpeg, pixels, Side, Side);
        return pixels;
    }

    private static float[] Vector(IEngine engine, float[] image)
    {
        var vector = new float[engine.Dimensions];
        engine.Run(image, 1, vector);
        return vector;
    }

    private static void Print<T>(T line) => Console.WriteLine(JsonSerializer.Serialize(line));
}
