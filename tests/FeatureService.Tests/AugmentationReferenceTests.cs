using System.Text.Json;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>Augmentation against tests/augmentation-reference/reference.py: Keras' formulas with scipy's own interpolation.</summary>
public sealed class AugmentationReferenceTests
{
    /// <summary>Of 255: float32 against float64. The largest difference is 2.2e-5.</summary>
    private const double Tolerance = 3e-5;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private static readonly Reference Expected = JsonSerializer.Deserialize<Reference>(
        File.ReadAllText(Path.Combine(Repository.Root, "tests", "augmentation-reference", "reference.json")), Json)!;

    public static TheoryData<string> Names => [.. Expected.Cases.Select(expected => expected.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_transformation_gives_the_pixels_that_Keras_gives(string name)
    {
        var expected = Expected.Cases.Single(candidate => candidate.Name == name);
        var source = Image(expected.Height, expected.Width);
        var target = new float[source.Length];

        AffineTransform.Apply(source, target, expected.Width, expected.Height, expected.Transformation);

        for (var i = 0; i < expected.Pixels.Length; i++)
        {
            Assert.Equal(expected.Pixels[i], target[i * expected.Step], Tolerance);
        }
    }

    [Fact]
    public void Without_a_transformation_every_bit_stays_and_a_flip_only_mirrors()
    {
        var source = Image(21, 34);
        source[5] = 0.1f;
        var same = new float[source.Length];
        var mirrored = new float[source.Length];
        var back = new float[source.Length];

        AffineTransform.Apply(source, same, 34, 21, Transformation.Draw(new Augmentation(), ImageHash.Of([1]), 7));
        AffineTransform.Apply(source, mirrored, 34, 21, Transformation.None with { Flip = true });
        AffineTransform.Apply(mirrored, back, 34, 21, Transformation.None with { Flip = true });

        Assert.Equal(source, same);
        Assert.Equal(source, back);
        Assert.Equal(source.AsSpan(0, 3), mirrored.AsSpan(33 * 3, 3));
        Assert.Equal(source.AsSpan(((20 * 34) + 4) * 3, 3), mirrored.AsSpan(((20 * 34) + 29) * 3, 3));
    }

    [Fact]
    public void What_is_drawn_and_the_copys_hash_are_those_that_another_language_works_out()
    {
        foreach (var copy in Expected.Copies)
        {
            Assert.Equal(copy.Hash, AugmentedCopy.Hash(copy.Image, copy.Augmentation, copy.Copy).ToString());
            Assert.Equal(copy.Transformation, Transformation.Draw(copy.Augmentation, copy.Image, copy.Copy));
        }
    }

    [Fact]
    public void Every_parameter_has_a_part_in_the_hash_and_only_seed_image_and_number_in_the_draw()
    {
        var image = ImageHash.Of([1]);
        var augmentation = AugmentedCopy.DefaultAugmentation;
        Augmentation[] others =
        [
            Changed(other => other.Seed++), Changed(other => other.HorizontalFlip = false), Changed(other => other.Shear = 3),
            Changed(other => other.Zoom = 0), Changed(other => other.WidthShift = 0), Changed(other => other.HeightShift = 0),
        ];

        ImageHash[] hashes =
        [
            image, AugmentedCopy.Hash(image, augmentation, 1), AugmentedCopy.Hash(image, augmentation, 2), AugmentedCopy.Hash(ImageHash.Of([2]), augmentation, 1),
            .. others.Select(other => AugmentedCopy.Hash(image, other, 1)),
        ];

        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(image, AugmentedCopy.Hash(image, augmentation, 0));
        Assert.Equal(hashes[1], AugmentedCopy.Hash(image, null, 1));
        Assert.Equal(hashes[1], AugmentedCopy.Hash(image, Changed(same => same.Copy = 9), 1));
        Assert.Equal(AugmentedCopy.Hash(image, new Augmentation(), 1), AugmentedCopy.Hash(image, new Augmentation { Shear = -0f }, 1));
        var drawn = Transformation.Draw(augmentation, image, 1);
        Assert.Equal(drawn with { ZoomRows = 1, ZoomColumns = 1 }, Transformation.Draw(others[3], image, 1));
        Assert.Equal(Transformation.None, Transformation.Draw(augmentation, image, 0));
        Assert.NotEqual(drawn, Transformation.Draw(others[0], image, 1));
    }

    [Fact]
    public void Draws_fill_their_ranges_evenly()
    {
        var augmentation = new Augmentation { HorizontalFlip = true, Shear = 30, Zoom = 0.3f, WidthShift = 0.1f, HeightShift = 0.2f };

        Transformation[] drawn = [.. Enumerable.Range(1, 4_000).Select(copy => Transformation.Draw(augmentation, ImageHash.Of([3]), copy))];

        Assert.InRange(drawn.Count(each => each.Flip) / 4_000.0, 0.47, 0.53);
        AssertEven(drawn.Select(each => each.Shear), -30, 30);
        AssertEven(drawn.Select(each => each.ZoomRows), 0.7, 1.3);
        AssertEven(drawn.Select(each => each.ZoomColumns), 0.7, 1.3);
        AssertEven(drawn.Select(each => each.ShiftRows), -0.2, 0.2);
        AssertEven(drawn.Select(each => each.ShiftColumns), -0.1, 0.1);
    }

    private static void AssertEven(IEnumerable<double> values, double from, double to)
    {
        double[] sorted = [.. values.Order()];
        var slack = 0.03 * (to - from);
        Assert.InRange(sorted[0], from - 1e-6, from + slack);
        Assert.InRange(sorted[1_000], from + ((to - from) / 4) - slack, from + ((to - from) / 4) + slack);
        Assert.InRange(sorted[2_000], ((from + to) / 2) - slack, ((from + to) / 2) + slack);
        Assert.InRange(sorted[^1], to - slack, to + 1e-6);
    }

    private static Augmentation Changed(Action<Augmentation> change)
    {
        var augmentation = AugmentedCopy.DefaultAugmentation.Clone();
        change(augmentation);
        return augmentation;
    }

    private static float[] Image(int height, int width) =>
    [
        .. from row in Enumerable.Range(0, height)
           from column in Enumerable.Range(0, width)
           from channel in Enumerable.Range(0, 3)
           select (float)(((7 * row) + (13 * column) + (29 * channel) + (row * column * (channel + 1))) % 256),
    ];

    private sealed record Reference(Case[] Cases, DrawnCopy[] Copies);

    private sealed record Case(string Name, int Height, int Width, int Step, Transformation Transformation, double[] Pixels);

    private sealed record DrawnCopy(
        string ImageHash, ulong Seed, int Copy, bool Flip, float Shear, float Zoom, float WidthShift, float HeightShift, string Hash, Transformation Transformation)
    {
        public ImageHash Image { get; } = Topfive.ImageHash.TryRead(Convert.FromHexString(ImageHash), out var hash) ? hash : default;

        public Augmentation Augmentation { get; } = new()
        {
            Seed = Seed,
            HorizontalFlip = Flip,
            Shear = Shear,
            Zoom = Zoom,
            WidthShift = WidthShift,
            HeightShift = HeightShift,
        };
    }
}
