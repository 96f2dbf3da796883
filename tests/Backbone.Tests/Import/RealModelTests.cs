using Microsoft.ML.OnnxRuntime;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

public class RealModelTests
{
    [Fact]
    public async Task The_imported_file_says_what_it_is()
    {
        var file = BackboneFile.Read(await TestBackbone.ModelAsync());

        Assert.Equal("inception_v3", file.Name);
        Assert.Equal((2048, 299, 299), (file.Dimensions, file.InputWidth, file.InputHeight));
        Assert.Equal("rgb; bilinear 299x299, half-pixel centres; [0,1]", file.Preprocessing);
        Assert.Equal("fp32", file.Precision);
        Assert.Equal("TF.js layers model: npm nsfwjs 4.4.0, models/inception_v3", file.Source);
        Assert.Equal(["Drawing", "Hentai", "Neutral", "Porn", "Sexy"], file.HeadLabels);
        Assert.Matches("^[0-9a-f]{64}$", file.Fingerprint);
    }

    [Fact]
    public async Task The_golden_image_gives_the_golden_vector()
    {
        var path = await TestBackbone.ModelAsync();

        var vector = Backbone.Vectors(path, GoldenImage.Pixels(), 1);

        Parity.AssertClose(BackboneFile.Read(path).GoldenVector, vector, 1e-5);
    }

    [Fact]
    public async Task The_same_weights_give_the_same_file_and_the_range_of_pixels_another_fingerprint()
    {
        var path = await TestBackbone.ModelAsync();
        using var folder = new TempDirectory();
        var again = folder.File("again.onnx");

        BackboneImporter.ImportTfjs(TestBackbone.SourceDirectory, again);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(again)), "the second import gave another file");
        Assert.Equal(File.ReadAllBytes(BackboneImporter.HeadFile(path)), File.ReadAllBytes(BackboneImporter.HeadFile(again)));

        var keras = BackboneImporter.ImportTfjs(TestBackbone.SourceDirectory, again, PixelRange.MinusOneToOne).Backbone;
        Assert.NotEqual(BackboneFile.Read(path).Fingerprint, keras.Fingerprint);
        Assert.EndsWith("[-1,1]", keras.Preprocessing);
    }

    [Fact]
    public async Task The_other_range_of_pixels_is_in_the_graph()
    {
        // [-1, 1] of x is [0, 1] of 2x − 255: the same sums in the first convolution.
        var path = await TestBackbone.ModelAsync();
        using var folder = new TempDirectory();
        var keras = folder.File("keras.onnx");
        BackboneImporter.ImportTfjs(TestBackbone.SourceDirectory, keras, PixelRange.MinusOneToOne);
        var pixels = GoldenImage.Pixels();

        var expected = Backbone.Vectors(path, Array.ConvertAll(pixels, pixel => (2 * pixel) - 255), 1);

        Parity.AssertClose(expected, Backbone.Vectors(keras, pixels, 1), 1e-4);
    }

    [Fact]
    public async Task A_vector_does_not_depend_on_its_neighbours_in_the_batch()
    {
        using var session = new InferenceSession(await TestBackbone.ModelAsync());
        var golden = GoldenImage.Pixels();
        float[] batch = [.. golden.Reverse(), .. golden, .. new float[golden.Length]];

        var alone = Backbone.Vectors(session, golden, 1);

        Parity.AssertClose(alone, Backbone.Vectors(session, batch, 3).AsSpan(2048, 2048), 1e-5);
    }

    [Fact]
    public async Task Metadata_is_read_without_the_weights_and_a_file_without_it_is_refused()
    {
        var path = await TestBackbone.ModelAsync();
        using var folder = new TempDirectory();
        var cut = folder.File("cut.onnx");
        await File.WriteAllBytesAsync(cut, (await File.ReadAllBytesAsync(path))[..^100_000]);

        Assert.Contains("cut.onnx", Assert.Throws<InvalidDataException>(() => BackboneFile.Read(cut)).Message);
        Assert.Contains("is no backbone", Assert.Throws<InvalidDataException>(() => BackboneFile.Read(BackboneImporter.HeadFile(path))).Message);
    }
}
