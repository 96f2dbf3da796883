namespace Topfive.Backbones;

/// <summary>What the bytes of a tensor stand for: Scale · (byte − ZeroPoint).</summary>
/// <param name="Scale">Above 0.</param>
/// <param name="ZeroPoint">The byte of 0, which is exact: padding is made of zeros, and what a ReLU cuts off is 0.</param>
internal readonly record struct ActivationRange(float Scale, byte ZeroPoint)
{
    /// <summary>Between the least byte and the greatest.</summary>
    public const int Steps = 255;

    /// <param name="low">0 or less.</param>
    /// <param name="high">0 or more.</param>
    public static ActivationRange Of(float low, float high)
    {
        // A tensor that was 0 in every image has any scale.
        var scale = high > low ? (high - low) / Steps : 1;
        return new ActivationRange(scale, (byte)MathF.Round(-low / scale));
    }
}
