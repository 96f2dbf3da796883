using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class BilinearResizerTests
{
    [Theory]
    [InlineData(500, 375, 299, 299)]
    [InlineData(375, 500, 299, 299)]
    [InlineData(64, 64, 299, 299)]
    [InlineData(299, 299, 299, 299)]
    [InlineData(1, 1, 299, 299)]
    [InlineData(1, 700, 299, 299)]
    [InlineData(2, 3, 7, 5)]
    [InlineData(1201, 13, 31, 17)]
    public void It_agrees_with_the_definition_in_double_precision(int width, int height, int outputWidth, int outputHeight)
    {
        var source = RandomPixels(width * height, seed: 1);
        var resized = new float[outputWidth * outputHeight * 3];

        BilinearResizer.Resize(source, width, height, resized, outputWidth, outputHeight);

        var expected = Naive(source, width, height, outputWidth, outputHeight);
        Assert.InRange(expected.Zip(resized, (a, b) => Math.Abs(a - b)).Max(), 0, 1e-4);
    }

    [Fact]
    public void An_image_of_the_right_size_is_left_as_it_is()
    {
        var source = RandomPixels(40 * 30, seed: 2, opaque: true);
        var resized = new float[40 * 30 * 3];

        BilinearResizer.Resize(source, 40, 30, resized, 40, 30);

        Assert.Equal(source.Where((_, i) => i % 4 != 3).Select(value => (float)value), resized);
    }

    [Fact]
    public void Twice_the_size_takes_three_quarters_of_the_nearer_pixel()
    {
        byte[] source = [0, 0, 0, 255, 100, 100, 100, 255];
        var resized = new float[4 * 3];

        BilinearResizer.Resize(source, 2, 1, resized, 4, 1);

        Assert.Equal([0, 0, 0, 25, 25, 25, 75, 75, 75, 100, 100, 100], resized);
    }

    private static double[] Naive(byte[] source, int width, int height, int outputWidth, int outputHeight)
    {
        var output = new double[outputWidth * outputHeight * 3];
        for (var y = 0; y < outputHeight; y++)
        {
            for (var x = 0; x < outputWidth; x++)
            {
                var sourceX = Math.Clamp(((x + 0.5) * width / outputWidth) - 0.5, 0, width - 1);
                var sourceY = Math.Clamp(((y + 0.5) * height / outputHeight) - 0.5, 0, height - 1);
                var (left, top) = ((int)sourceX, (int)sourceY);
                var (right, bottom) = (Math.Min(left + 1, width - 1), Math.Min(top + 1, height - 1));
                var (across, down) = (sourceX - left, sourceY - top);
                for (var channel = 0; channel < 3; channel++)
                {
                    output[(((y * outputWidth) + x) * 3) + channel] =
                        (((1 - across) * At(left, top, channel)) + (across * At(right, top, channel))) * (1 - down)
                        + ((((1 - across) * At(left, bottom, channel)) + (across * At(right, bottom, channel))) * down);
                }
            }
        }

        return output;

        // Over white; the colours are multiplied by alpha already.
        double At(int x, int y, int channel) => source[(((y * width) + x) * 4) + channel] + 255.0 - source[(((y * width) + x) * 4) + 3];
    }

    private static byte[] RandomPixels(int count, int seed, bool opaque = false)
    {
        var random = new Random(seed);
        var pixels = new byte[count * 4];
        for (var i = 0; i < count; i++)
        {
            var alpha = opaque ? 255 : random.Next(256);
            pixels[(4 * i) + 3] = (byte)alpha;
            for (var channel = 0; channel < 3; channel++)
            {
                pixels[(4 * i) + channel] = (byte)random.Next(alpha + 1);
            }
        }

        return pixels;
    }
}
