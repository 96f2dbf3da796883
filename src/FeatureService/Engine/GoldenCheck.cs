using System.Numerics.Tensors;

namespace Topfive.FeatureService;

/// <summary>How near a vector came to the golden one.</summary>
/// <param name="Cosine">Of the angle between them; 1 is the same direction.</param>
/// <param name="LargestDifference">The largest difference of two numbers, as a fraction of the golden vector's largest.</param>
internal readonly record struct GoldenCheck(double Cosine, double LargestDifference)
{
    // Processors differ in the last bits (1e-6 of the largest was seen); another backbone's vector has a cosine below 0.9.
    private const double LeastCosine = 0.99999;
    private const double MostDifference = 1e-3;

    public bool Passes => Cosine >= LeastCosine && LargestDifference <= MostDifference;

    public static GoldenCheck Compare(ReadOnlySpan<float> vector, ReadOnlySpan<float> golden)
    {
        var largest = 0.0;
        for (var i = 0; i < golden.Length; i++)
        {
            var difference = Math.Abs((double)vector[i] - golden[i]);
            largest = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(largest, difference);
        }

        return new GoldenCheck(Math.Min(1, TensorPrimitives.CosineSimilarity(vector, golden)), largest / TensorPrimitives.MaxMagnitude(golden));
    }

    public override string ToString() => FormattableString.Invariant(
        $"cosine {Cosine:F7} (at least {LeastCosine}), largest difference {LargestDifference:E1} of the largest value (at most {MostDifference:E0})");
}
