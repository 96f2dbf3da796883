using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>What the tests of the decoder share: its small images (see Images/make.py) and what they show.</summary>
internal static class Decoding
{
    public const int Size = 299;

    /// <summary>Red, green / blue, yellow.</summary>
    public static readonly (int R, int G, int B)[] Quadrants = [(200, 30, 40), (20, 180, 60), (30, 50, 210), (230, 210, 20)];

    public static byte[] Image(string name) =>
        File.ReadAllBytes(Path.Combine(Repository.Root, "tests", "FeatureService.Tests", "Images", name));

    /// <param name="image">Encoded.</param>
    /// <param name="limits">Null: the default ones.</param>
    /// <param name="preprocessing">Null: the default one.</param>
    public static float[] Decode(byte[] image, LimitOptions? limits = null, string? preprocessing = null)
    {
        using var decoder = new ImageDecoder(
            Options.Create(limits ?? new LimitOptions()), Options.Create(new DecodingOptions { Preprocessing = preprocessing ?? DecodingOptions.Exact }));
        var pixels = new float[Size * Size * 3];
        Array.Fill(pixels, float.NaN);
        decoder.Decode(image, pixels, Size, Size);
        return pixels;
    }

    public static string Refusal(byte[] image, LimitOptions? limits = null)
    {
        var failure = Assert.Throws<Failure>(() => Decode(image, limits));
        Assert.Equal(FailureKind.InvalidInput, failure.Kind);
        return failure.Message;
    }

    /// <summary>The colour in the middle of each quadrant, in the order of <see cref="Quadrants"/>.</summary>
    public static (float R, float G, float B)[] Middles(float[] pixels)
    {
        const int near = Size / 4;
        const int far = Size * 3 / 4;
        return [At(near, near), At(near, far), At(far, near), At(far, far)];

        (float, float, float) At(int y, int x) => (pixels[((y * Size) + x) * 3], pixels[(((y * Size) + x) * 3) + 1], pixels[(((y * Size) + x) * 3) + 2]);
    }

    public static void AssertShows((int R, int G, int B)[] expected, float[] pixels, double tolerance)
    {
        Assert.DoesNotContain(float.NaN, pixels);
        var middles = Middles(pixels);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(expected[i].R, middles[i].R, tolerance);
            Assert.Equal(expected[i].G, middles[i].G, tolerance);
            Assert.Equal(expected[i].B, middles[i].B, tolerance);
        }
    }
}
