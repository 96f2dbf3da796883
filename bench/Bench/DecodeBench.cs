using System.Diagnostics;
using System.Numerics.Tensors;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.FeatureService;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Reduced decoding beside exact decoding: milliseconds of one core for JPEGs of 12 megapixels, resizing included, and how far pixels and vectors of large
/// JPEGs lie apart. Without a folder these are made from the test photographs; a folder of photographs of your own says more.
/// </summary>
internal static class DecodeBench
{
    private const double LimitMilliseconds = 20;
    private const int Quality = 75;
    private const int HighQuality = 90;
    private const int Side = 299;

    public static async Task<int> RunAsync(int rounds, string? folder)
    {
        using var exact = Decoder(DecodingOptions.Exact);
        using var reduced = Decoder(DecodingOptions.Reduced);
        var usual = Time(await LargeJpegs.MosaicAsync(Quality), exact, reduced, rounds);
        var fine = Time(await LargeJpegs.MosaicAsync(HighQuality), exact, reduced, rounds);
        var differences = await DifferencesAsync(await LargeAsync(folder), exact, reduced);

        Figure.Print(
        [
            new("decode_12mp_reduced", usual.Reduced, "ms", LimitMilliseconds, $"JPEG of quality {Quality}, {usual.Bytes / 1e6:F1} MB; exact {usual.Exact:F1} ms"),
            new("decode_12mp_exact", usual.Exact, "ms", null, "the same"),
            new("decode_12mp_entropy", usual.Eighth, "ms", LimitMilliseconds, "the same at 1/8, a pixel for each block of 64, not resized: Huffman decoding, which no scale saves"),
            new("decode_12mp_reduced_q90", fine.Reduced, "ms", null, $"quality {HighQuality}, {fine.Bytes / 1e6:F1} MB; exact {fine.Exact:F1} ms"),
            new("decode_pixels", differences.Max(one => one.Pixels), "of 255", null, $"mean difference of a pixel, the worst of {differences.Count}; mean {differences.Average(one => one.Pixels):F2}"),
            new("decode_cosine_min", differences.Min(one => one.Cosine), "", null, $"reduced to exact vector; mean {differences.Average(one => one.Cosine):F4}"),
        ]);
        return 0;
    }

    private static ImageDecoder Decoder(string preprocessing) => new(
        Microsoft.Extensions.Options.Options.Create(new LimitOptions()),
        Microsoft.Extensions.Options.Options.Create(new DecodingOptions { Preprocessing = preprocessing }));

    /// <summary>The least of all rounds, in turn: neighbours on the machine can only add to it.</summary>
    private static (int Bytes, double Exact, double Reduced, double Eighth) Time(byte[] jpeg, ImageDecoder exact, ImageDecoder reduced, int rounds)
    {
        var (exactly, reducedly, eighth) = (double.MaxValue, double.MaxValue, double.MaxValue);
        var pixels = new float[Side * Side * 3];
        for (var round = 0; round < rounds; round++)
        {
            exactly = Math.Min(exactly, Milliseconds(() => exact.Decode(jpeg, pixels, Side, Side)));
            reducedly = Math.Min(reducedly, Milliseconds(() => reduced.Decode(jpeg, pixels, Side, Side)));
            eighth = Math.Min(eighth, Milliseconds(() => DecodeEighth(jpeg)));
        }

        return (jpeg.Length, exactly, reducedly, eighth);
    }

    private static double Milliseconds(Action decode)
    {
        var began = Stopwatch.GetTimestamp();
        decode();
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    private static void DecodeEighth(byte[] jpeg)
    {
        using var opened = EncodedImage.Open(jpeg, new LimitOptions());
        opened.Pixels(halvings: 3).Dispose();
    }

    private static async Task<IReadOnlyList<(string Name, byte[] Jpeg)>> LargeAsync(string? folder)
    {
        if (folder is null)
        {
            var photos = await TestPhotos.AllAsync();
            return [("mosaic", await LargeJpegs.MosaicAsync(HighQuality)), .. photos.Select(photo => (photo.Name, LargeJpegs.Enlarged(photo, HighQuality)))];
        }

        string[] files = [.. Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        var large = files.Where(file => new FileInfo(file).LinkTarget is null).Where(IsReduced);
        return [.. large.Select(file => (Path.GetRelativePath(folder, file), File.ReadAllBytes(file)))];
    }

    private static bool IsReduced(string file)
    {
        using var codec = SKCodec.Create(file);
        return codec is not null && ReducedScale.Halvings(codec, Side, Side) > 0;
    }

    private static async Task<IReadOnlyList<(double Pixels, double Cosine)>> DifferencesAsync(
        IReadOnlyList<(string Name, byte[] Jpeg)> images, ImageDecoder exact, ImageDecoder reduced)
    {
        if (images.Count == 0) throw new InvalidDataException("there is no JPEG in the folder that is large enough to be reduced");
        var model = await TestBackbone.ModelAsync();
        using var engine = new OnnxEngine(model, BackboneFile.Read(model), threads: 0);
        var differences = new List<(double Pixels, double Cosine)>();
        foreach (var (name, jpeg) in images)
        {
            var (exactPixels, exactVector) = Run(exact);
            var (reducedPixels, reducedVector) = Run(reduced);
            var pixels = exactPixels.Zip(reducedPixels, (a, b) => Math.Abs((double)a - b)).Average();
            var cosine = TensorPrimitives.CosineSimilarity<float>(exactVector, reducedVector);
            using var codec = SKCodec.Create(new MemoryStream(jpeg));
            Console.WriteLine($"{name,-50} {codec.Info.Width,5} x {codec.Info.Height,-5} 1/{1 << ReducedScale.Halvings(codec, Side, Side)}  pixels {pixels,6:F2}  cosine {cosine:F4}");
            differences.Add((pixels, cosine));

            (float[] Pixels, float[] Vector) Run(ImageDecoder decoder)
            {
                var (input, vector) = (new float[Side * Side * 3], new float[engine.Dimensions]);
                decoder.Decode(jpeg, input, Side, Side);
                engine.Run(input, 1, vector);
                return (input, vector);
            }
        }

        return differences;
    }
}
