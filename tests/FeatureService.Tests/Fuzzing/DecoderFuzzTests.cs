using System.Numerics.Tensors;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

/// <summary>Real images of every format, damaged. What it takes (pixels, memory) is limited, so that time and memory can be judged.</summary>
[Collection(nameof(Alone))]
public sealed class DecoderFuzzTests
{
    private const int Inputs = 20_000;
    private const int Side = 75;
    private const long MostGrowth = 150 << 20;

    private static readonly byte[][] Images =
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "FeatureService.Tests", "Images"))
            .Where(path => Path.GetExtension(path) is ".jpg" or ".png" or ".webp" or ".gif" or ".bmp" or ".ico" or ".tif")
            .Where(path => new FileInfo(path).Length < 10_000).Order(StringComparer.Ordinal).Select(File.ReadAllBytes),
        LargeImages.Waves(640, 600),
    ];

    [Fact]
    public async Task Damaged_images_of_every_format_are_decoded_or_refused_in_time_and_leave_no_memory_behind()
    {
        using var exact = Decoder(DecodingOptions.Exact);
        using var reduced = Decoder(DecodingOptions.Reduced);
        var accepted = 0;
        long before = 0;
        Task Check(int seed)
        {
            if (Decodes(seed % 2 == 0 ? exact : reduced, seed)) Interlocked.Increment(ref accepted);
            return Task.CompletedTask;
        }

        // The first ones warm up what is kept for good.
        await Fuzz.RunAsync(Inputs / 10, Environment.ProcessorCount, Check);
        before = Fuzz.Memory();
        var run = await Fuzz.RunAsync(Inputs, Environment.ProcessorCount, Check);

        Assert.InRange(Fuzz.Memory() - before, long.MinValue, MostGrowth);
        // Neither all noise nor all harmless.
        if (run >= Inputs) Assert.InRange(accepted, run / 10, run * 9 / 10);
    }

    /// <returns>False: refused with a message.</returns>
    private static bool Decodes(ImageDecoder decoder, int seed)
    {
        var random = new Random(seed);
        var image = Mutation.Of(Images[random.Next(Images.Length)], Images, random);
        var pixels = new float[Side * Side * 3];
        Array.Fill(pixels, float.NaN);
        try
        {
            decoder.Decode(image, pixels, Side, Side);
        }
        catch (Failure failure)
        {
            Assert.Equal(FailureKind.InvalidInput, failure.Kind);
            Assert.StartsWith("the image ", failure.Message);
            return false;
        }

        Assert.False(TensorPrimitives.IsNaNAny<float>(pixels), "pixels were left out");
        Assert.InRange(TensorPrimitives.Min<float>(pixels), 0f, 255f);
        Assert.InRange(TensorPrimitives.Max<float>(pixels), 0f, 255f);
        return true;
    }

    private static ImageDecoder Decoder(string preprocessing) => new(
        Options.Create(new LimitOptions { MaxImagePixels = 4_000_000, MaxDecodingBytes = 64 << 20 }),
        Options.Create(new DecodingOptions { Preprocessing = preprocessing }));
}
