using System.Numerics.Tensors;

namespace Topfive.Backbones;

/// <summary>How often values above 0 occur, in bins of one width; it doubles when a greater value comes.</summary>
internal sealed class Histogram
{
    private const int Bins = 2048;

    private readonly long[] _counts = new long[Bins];
    private float _width;

    /// <summary>The greatest value added; 0: none was above 0.</summary>
    public float Max { get; private set; }

    /// <exception cref="InvalidDataException">A value is infinite or not a number.</exception>
    public void Add(ReadOnlySpan<float> values)
    {
        Cover(TensorPrimitives.Max(values));
        var bins = _width > 0 ? 1 / _width : 0;
        foreach (var value in values)
        {
            // Zeros, most of what a ReLU lets through, are exact in every range.
            if (value > 0) _counts[Math.Min((int)(value * bins), Bins - 1)]++;
        }
    }

    /// <summary>
    /// Where a range of 255 steps from 0 should end: halfway from where the squared error of what is rounded and what is cut off
    /// is least to the greatest value, because images to come hold greater ones than those seen (docs/decisions/0017).
    /// </summary>
    public float RangeEnd()
    {
        var ends = Enumerable.Range(20, 81).Select(percent => Max * percent / 100);
        return (ends.MinBy(Error) + Max) / 2;
    }

    private double Error(float end)
    {
        var step = end / ActivationRange.Steps;
        // Of a value that may lie anywhere in a step.
        var rounding = step * step / 12.0;
        var sum = 0.0;
        for (var bin = 0; bin < Bins; bin++)
        {
            var beyond = ((bin + 0.5) * _width) - end;
            sum += _counts[bin] * (beyond > 0 ? beyond * beyond : rounding);
        }

        return sum;
    }

    private void Cover(float value)
    {
        if (!float.IsFinite(value)) throw new InvalidDataException("the backbone computes numbers that are infinite or none: its weights are damaged");
        if (value <= Max) return;
        Max = value;
        if (_width == 0) _width = 1.5f * value / Bins;
        while (value >= _width * Bins)
        {
            for (var bin = 0; bin < Bins / 2; bin++) _counts[bin] = _counts[2 * bin] + _counts[(2 * bin) + 1];
            Array.Clear(_counts, Bins / 2, Bins / 2);
            _width *= 2;
        }
    }
}
