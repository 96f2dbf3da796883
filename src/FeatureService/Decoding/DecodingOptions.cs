using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureService;

/// <summary>How images become pixels: configuration section <c>Decoding</c>.</summary>
public sealed class DecodingOptions
{
    public const string Section = "Decoding";
    public const string Exact = "exact";
    public const string Reduced = "reduced";

    /// <summary>
    /// <c>exact</c>: every pixel is decoded. <c>reduced</c>: large JPEGs are decoded at a half, a quarter or an eighth of their sides,
    /// see <see cref="ReducedScale"/>; it changes vectors, so it changes the backbone's fingerprint.
    /// </summary>
    [Required]
    [RegularExpression($"{Exact}|{Reduced}", ErrorMessage = "Decoding__Preprocessing is exact or reduced")]
    public string Preprocessing { get; set; } = Exact;
}
