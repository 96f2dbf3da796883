using System.Numerics.Tensors;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>How near a vector came to the golden one.</summary>
/// <param name="Cosine">Of the angle between them; 1 is the same direction.</param>
/// <param name="LargestDifference">The largest difference of two numbers, as a fraction of the golden vector's largest.</param>
/// <param name="Limits">How near is near enough.</param>
internal readonly record struct GoldenCheck(double Cosine, double LargestDifference, GoldenCheck.Tolerance Limits)
{
    // Processors differ in the last bits (1e-6 of the largest was seen); another backbone's vector has a cosine below 0.9.
    private static readonly Tolerance Floats = new(0.99999, 1e-3);

    // A last bit that differs can round to the next byte, and that goes on: noise in the pixels and other arithmetic came to a
    // cosine of 0.9998 and 2.4e-2. The float32 backbone that it was made from has 0.9994, and overflowing kernels less.
    private static readonly Tolerance Bytes = new(0.9996, 4e-2);

    // Kernels differ in how they add up before they round to eleven bits.
    private static readonly Tolerance Halves = new(0.9998, 2e-2);

    public bool Passes => Cosine >= Limits.LeastCosine && LargestDifference <= Limits.MostDifference;

    /// <param name="vector">Of the golden image, as this machine computes it.</param>
    /// <param name="backbone">Holds the golden vector.</param>
    public static GoldenCheck Compare(ReadOnlySpan<float> vector, BackboneFile backbone)
    {
        ReadOnlySpan<float> golden = backbone.GoldenVector;
        var largest = 0.0;
        for (var i = 0; i < golden.Length; i++)
        {
            var difference = Math.Abs((double)vector[i] - golden[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }

        return new GoldenCheck(
            Math.Min(1, TensorPrimitives.CosineSimilarity(vector, golden)), largest / TensorPrimitives.MaxMagnitude(golden),
            ToleranceOf(backbone.Precision));
    }

    private static Tolerance ToleranceOf(string precision) => precision switch
    {
        BackboneQuantizer.Precision => Bytes,
        BackboneConverter.Fp16 => Halves,
        _ => Floats,
    };

    public override string ToString() => FormattableString.Invariant(
        $"cosine {Cosine:F7} (at least {Limits.LeastCosine}), largest difference {LargestDifference:E1} of the largest value (at most {Limits.MostDifference:E0})");

    internal readonly record struct Tolerance(double LeastCosine, double MostDifference);
}
