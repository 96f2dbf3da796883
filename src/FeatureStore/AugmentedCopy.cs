using System.Buffers.Binary;
using Topfive.Features.V1;

namespace Topfive.FeatureStore;

/// <summary>
/// An augmented copy as an image of its own: the hash that topfive.features.v1.Augmentation describes, by which its
/// vector is stored and its example named. Any client can work it out.
/// </summary>
public static class AugmentedCopy
{
    /// <summary>How copies are made where nobody says: the recipe of the reference training.</summary>
    public static Augmentation DefaultAugmentation { get; } =
        new() { HorizontalFlip = true, Shear = 0.2f, Zoom = 0.2f, WidthShift = 0.2f, HeightShift = 0.2f };

    private static ReadOnlySpan<byte> Tag => "topfive.augmentation.v1"u8;

    /// <param name="image">The original.</param>
    /// <param name="augmentation">How the copy is made; null: <see cref="DefaultAugmentation"/>. Its own copy number is passed over.</param>
    /// <param name="copy">From 1; 0 is the original itself.</param>
    public static ImageHash Hash(ImageHash image, Augmentation? augmentation, int copy)
    {
        if (copy == 0)
        {
            return image;
        }

        augmentation ??= DefaultAugmentation;
        Span<byte> identity = stackalloc byte[84];
        var rest = identity;
        Tag.CopyTo(rest);
        rest = rest[Tag.Length..];
        image.CopyTo(rest);
        rest = rest[ImageHash.Size..];
        BinaryPrimitives.WriteUInt64LittleEndian(rest, augmentation.Seed);
        BinaryPrimitives.WriteInt32LittleEndian(rest[8..], copy);
        rest[12] = augmentation.HorizontalFlip ? (byte)1 : (byte)0;
        rest = rest[13..];
        foreach (var parameter in (ReadOnlySpan<float>)[augmentation.Shear, augmentation.Zoom, augmentation.WidthShift, augmentation.HeightShift])
        {
            // Adding zero leaves every number as it is but for the negative zero.
            BinaryPrimitives.WriteSingleLittleEndian(rest, parameter + 0f);
            rest = rest[sizeof(float)..];
        }

        return ImageHash.Of(identity);
    }
}
