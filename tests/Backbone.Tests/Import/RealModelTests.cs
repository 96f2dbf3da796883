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
        var folder = Directory.CreateTempSubdirectory("topfive-import-");
        try
        {
            var again = Path.Combine(folder.FullName, "again.onnx");
            BackboneImporter.ImportTfjs(TestBackbone.SourceDirectory, again);
            Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(File.ReadAllBytes(again)), "the second import gave another file");
            Assert.Equal(File.ReadAllBytes(BackboneImporter.HeadFile(path)), File.ReadAllBytes(BackboneImporter.HeadFile(again)));

            var keras = BackboneImporter.ImportTfjs(TestBackbone.SourceDirectory, again, PixelRange.MinusOneToOne).Backbone;
            Assert.NotEqual(BackboneFile.Read(path).Fingerprint, keras.Fingerprint);
            Assert.EndsWith("[-1,1]", keras.Preprocessing);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
