using System.Buffers;
using System.Numerics.Tensors;

namespace Topfive.Backbones;

/// <summary>
/// Says how far a vector lies from every training class: the Mahalanobis distance to the nearest class mean, with one
/// covariance for all classes (Lee, Lee, Lee, Shin: A Simple Unified Framework for Detecting Out-of-Distribution Samples and
/// Adversarial Attacks, NeurIPS 2018). The covariance is full along the principal axes and one number across them, as in
/// probabilistic PCA (Tipping, Bishop 1999), where all classes have one mean: so a head's file stays small.
/// </summary>
/// <param name="Mean">[inputs]: of the training vectors.</param>
/// <param name="Axes">Row-major [axes, inputs], of length 1 and at right angles.</param>
/// <param name="Whitening">Row-major [axes, axes]: makes the classes' common covariance along the axes the identity.</param>
/// <param name="LabelMeans">Row-major [labels, axes]: projected and whitened.</param>
/// <param name="ResidualVariance">Of what the axes leave out, a dimension; above 0.</param>
/// <param name="Threshold">A distance beyond it is unknown.</param>
/// <param name="FalseRejectRate">The share of validation examples that the threshold was chosen for; 0 ≤ x &lt; 1.</param>
/// <param name="ValidationExamples">How many there were.</param>
public sealed record UnknownDetector(
    float[] Mean, float[] Axes, float[] Whitening, float[] LabelMeans, float ResidualVariance, float Threshold, float FalseRejectRate, int ValidationExamples)
{
    private int Inputs => Mean.Length;

    private int AxisCount => Axes.Length / Math.Max(1, Inputs);

    /// <returns>0 or above: the square root of the squared distance in standard deviations, over all dimensions.</returns>
    public float Distance(ReadOnlySpan<float> vector)
    {
        var (inputs, axes) = (Inputs, AxisCount);
        var buffer = ArrayPool<float>.Shared.Rent(inputs + (2 * axes));
        try
        {
            var centred = buffer.AsSpan(0, inputs);
            var projected = buffer.AsSpan(inputs, axes);
            var whitened = buffer.AsSpan(inputs + axes, axes);
            TensorPrimitives.Subtract(vector, Mean, centred);
            for (var axis = 0; axis < axes; axis++) projected[axis] = TensorPrimitives.Dot(Axes.AsSpan(axis * inputs, inputs), centred);
            for (var axis = 0; axis < axes; axis++) whitened[axis] = TensorPrimitives.Dot(Whitening.AsSpan(axis * axes, axes), projected);
            var residual = Math.Max(0, TensorPrimitives.SumOfSquares<float>(centred) - TensorPrimitives.SumOfSquares<float>(projected));
            var nearest = float.PositiveInfinity;
            for (var label = 0; label < LabelMeans.Length; label += axes)
            {
                nearest = MathF.Min(nearest, TensorPrimitives.Distance<float>(whitened, LabelMeans.AsSpan(label, axes)));
            }

            return MathF.Sqrt((nearest * nearest) + (residual / ResidualVariance));
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    /// <summary>Numbers too large to compute with are far from everything.</summary>
    public bool IsUnknown(float distance) => !(distance <= Threshold);

    /// <exception cref="InvalidDataException">It does not go with a head of so many inputs and labels.</exception>
    internal void Check(int inputs, int labels)
    {
        if (Inputs != inputs || AxisCount < 1 || Axes.Length != AxisCount * inputs
            || Whitening.Length != AxisCount * AxisCount || LabelMeans.Length != labels * AxisCount)
        {
            throw new InvalidDataException(
                $"the head's detector of unknown vectors has {Mean.Length}, {Axes.Length}, {Whitening.Length} and {LabelMeans.Length} numbers, which do not go with {inputs} inputs and {labels} labels");
        }

        if (!IsFinite || ResidualVariance <= 0 || FalseRejectRate is < 0 or >= 1 || ValidationExamples < 1)
        {
            throw new InvalidDataException("the head's detector of unknown vectors holds a number that is not finite or out of its range");
        }
    }

    /// <summary>Whether every number in it is.</summary>
    public bool IsFinite =>
        Array.TrueForAll(Mean, float.IsFinite) && Array.TrueForAll(Axes, float.IsFinite) && Array.TrueForAll(Whitening, float.IsFinite)
        && Array.TrueForAll(LabelMeans, float.IsFinite) && float.IsFinite(ResidualVariance) && float.IsFinite(Threshold);
}
