using System.Numerics.Tensors;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ReducedDecodingTests
{
    [Theory]
    [InlineData(1195, 4000, 0)]
    [InlineData(1196, 1196, 1)]
    [InlineData(4000, 1196, 1)]
    [InlineData(2391, 2391, 1)]
    [InlineData(2392, 2392, 2)]
    [InlineData(4800, 4784, 3)]
    public void A_jpeg_is_halved_while_both_sides_stay_twice_what_the_network_reads(int width, int height, int halvings)
    {
        using var codec = SKCodec.Create(new MemoryStream(LargeImages.Waves(width, height)));

        Assert.Equal(halvings, ReducedScale.Halvings(codec, 299, 299));
    }

    [Theory]
    [InlineData("rgb.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("cmyk.jpg")]
    [InlineData("grey.jpg")]
    [InlineData("orientation-6.jpg")]
    public void A_small_jpeg_gives_the_same_bits_as_exact_decoding(string name) =>
        Assert.Equal(Decoding.Decode(Decoding.Image(name)), Reduced(Decoding.Image(name)));

    [Fact]
    public async Task A_photograph_of_a_megapixel_gives_the_same_bits_as_exact_decoding()
    {
        var photo = (await TestPhotos.AllAsync())[0].ReadBytes();

        Assert.Equal(Decoding.Decode(photo), Reduced(photo));
    }

    [Theory]
    [InlineData(SKEncodedImageFormat.Png)]
    [InlineData(SKEncodedImageFormat.Webp)]
    public void A_large_image_that_is_no_jpeg_gives_the_same_bits_as_exact_decoding(SKEncodedImageFormat format)
    {
        var image = LargeImages.Waves(1300, 1200, format);

        Assert.Equal(Decoding.Decode(image), Reduced(image));
    }

    [Theory]
    [InlineData(1200, 1204, 3.5)]
    [InlineData(1301, 1299, 3.5)]
    [InlineData(2401, 2393, 3.5)]
    [InlineData(4785, 4793, 7)]
    public void A_large_jpeg_is_shown_where_exact_decoding_shows_it(int width, int height, float tolerance)
    {
        var jpeg = LargeImages.Waves(width, height);
        var (exact, reduced) = (Decoding.Decode(jpeg), Reduced(jpeg));

        Assert.NotEqual(exact, reduced);
        Assert.InRange(exact.Zip(reduced, (a, b) => Math.Abs(a - b)).Max(), 0, tolerance);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_large_jpeg_is_turned_upright(int orientation)
    {
        var jpeg = LargeImages.WithExifOf(Decoding.Image($"orientation-{orientation}.jpg"), LargeImages.Waves(1301, 1207));
        var (exact, reduced) = (Decoding.Decode(jpeg), Reduced(jpeg));

        Assert.NotEqual(exact, reduced);
        Assert.InRange(exact.Zip(reduced, (a, b) => Math.Abs(a - b)).Max(), 0, 3.5f);
    }

    [Theory]
    [InlineData("large-progressive.jpg", 2)]
    [InlineData("large-cmyk.jpg", 3)]
    public void Large_jpegs_of_every_kind_show_their_colours(string name, double tolerance)
    {
        using var codec = SKCodec.Create(new MemoryStream(Decoding.Image(name)));
        Assert.Equal(1, ReducedScale.Halvings(codec, 299, 299));

        Decoding.AssertShows(Decoding.Quadrants, Reduced(Decoding.Image(name)), tolerance);
    }

    [Theory]
    [InlineData("large-progressive.jpg")]
    [InlineData("large-cmyk.jpg")]
    public void A_large_jpeg_cut_short_is_refused_with_its_own_size(string name)
    {
        var image = Decoding.Image(name);
        foreach (var part in (double[])[0.3, 0.9])
        {
            var failure = Assert.Throws<Failure>(() => Reduced(image[..(int)(image.Length * part)]));
            Assert.Contains("cut short: a JPEG of 1,280 × 1,280 pixels", failure.Message);
        }
    }

    // The bound that docs/decisions/0019 states for photographs.
    [Theory]
    [InlineData("black-canyon", 2)]
    [InlineData("acanthus-mollis", 4)]
    public async Task The_vector_of_a_large_photograph_has_a_cosine_of_at_least_98_hundredths_to_the_exact_one(string name, int factor)
    {
        var model = await TestBackbone.ModelAsync();
        using var engine = new OnnxEngine(model, BackboneFile.Read(model), threads: 1);
        var jpeg = LargeImages.Enlarged((await TestPhotos.AllAsync()).Single(photo => photo.Name == name), factor);

        var cosine = TensorPrimitives.CosineSimilarity<float>(Vector(Decoding.Decode(jpeg)), Vector(Reduced(jpeg)));

        Assert.InRange(cosine, 0.98f, 0.99999f);

        float[] Vector(float[] pixels)
        {
            var vector = new float[engine.Dimensions];
            engine.Run(pixels, 1, vector);
            return vector;
        }
    }

    private static float[] Reduced(byte[] image) => Decoding.Decode(image, preprocessing: DecodingOptions.Reduced);
}
