using System.Buffers.Binary;
using System.Security.Cryptography;
using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>What one augmented copy does to its original.</summary>
/// <param name="Flip">Mirrored left to right, after all else.</param>
/// <param name="Shear">Degrees.</param>
/// <param name="ZoomRows">Factor; more than 1 shows more of the image, smaller.</param>
/// <param name="ZoomColumns">The same across.</param>
/// <param name="ShiftRows">Fraction of the height; where above 0, the copy shows what lies further down.</param>
/// <param name="ShiftColumns">Fraction of the width; where above 0, the copy shows what lies further right.</param>
internal readonly record struct Transformation(
    bool Flip, double Shear, double ZoomRows, double ZoomColumns, double ShiftRows, double ShiftColumns)
{
    private static ReadOnlySpan<byte> Tag => "topfive.augmentation.d1"u8;

    /// <summary>The original as it is.</summary>
    public static Transformation None { get; } = new(false, 0, 1, 1, 0, 0);

    /// <summary>
    /// Drawn as topfive.features.v1.Augmentation says. The generator is a counter-based one (Salmon et al., Parallel random
    /// numbers: as easy as 1, 2, 3, SC 2011) with SHA-256 (FIPS 180-4) for its function: no state, so that the draw is
    /// the same on every machine and in every order.
    /// </summary>
    /// <param name="augmentation">Ranges and seed; its own copy number is passed over.</param>
    /// <param name="image">The original.</param>
    /// <param name="copy">0: <see cref="None"/>.</param>
    public static Transformation Draw(Augmentation augmentation, ImageHash image, int copy)
    {
        if (copy == 0)
        {
            return None;
        }

        Span<byte> counter = stackalloc byte[67];
        Tag.CopyTo(counter);
        image.CopyTo(counter[23..]);
        BinaryPrimitives.WriteUInt64LittleEndian(counter[55..], augmentation.Seed);
        BinaryPrimitives.WriteInt32LittleEndian(counter[63..], copy);
        Span<byte> words = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(counter, words);
        return new(
            Flip: augmentation.HorizontalFlip && Uniform(words, 0) < 0.5,
            Shear: Signed(words, 1) * augmentation.Shear,
            ZoomRows: 1 + (Signed(words, 2) * augmentation.Zoom),
            ZoomColumns: 1 + (Signed(words, 3) * augmentation.Zoom),
            ShiftRows: Signed(words, 4) * augmentation.HeightShift,
            ShiftColumns: Signed(words, 5) * augmentation.WidthShift);
    }

    /// <returns>On [0, 1), in steps of 2⁻³².</returns>
    private static double Uniform(ReadOnlySpan<byte> words, int word) =>
        BinaryPrimitives.ReadUInt32LittleEndian(words[(word * sizeof(uint))..]) / 4294967296.0;

    private static double Signed(ReadOnlySpan<byte> words, int word) => (2 * Uniform(words, word)) - 1;
}
