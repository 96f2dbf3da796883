using System.Globalization;

namespace Topfive.Backbones;

/// <summary>
/// What the weights want pixels of 0 to 255 turned into. The wrong one costs most of the accuracy, so it is part of a
/// backbone's fingerprint.
/// </summary>
public enum PixelRange
{
    /// <summary>[0, 1]: x / 255. TF Hub's module and most TF.js models.</summary>
    ZeroToOne,

    /// <summary>[−1, 1]: x / 127.5 − 1. Keras' own weights.</summary>
    MinusOneToOne,
}

internal static class PixelRangeArithmetic
{
    public static float Divisor(this PixelRange range) => range == PixelRange.ZeroToOne ? 255f : 127.5f;

    public static float Offset(this PixelRange range) => range == PixelRange.ZeroToOne ? 0f : -1f;

    /// <summary>How an image becomes the network's input, in words; the caller decodes and resizes, the graph does the rest.</summary>
    public static string Describe(this PixelRange range) => string.Create(
        CultureInfo.InvariantCulture,
        $"rgb; bilinear {InceptionV3.Size}x{InceptionV3.Size}, half-pixel centres; {(range == PixelRange.ZeroToOne ? "[0,1]" : "[-1,1]")}");
}
