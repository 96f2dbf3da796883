using System.Numerics.Tensors;

namespace Topfive.Backbones;

/// <summary>A convolution's weights as int8, each filter with a scale of its own and 0 at 0: w = Scales[filter] · Values.</summary>
/// <param name="Values">[filters, channels, height, width], −127 to 127.</param>
/// <param name="Scales">One a filter.</param>
internal sealed record QuantizedWeights(sbyte[] Values, float[] Scales)
{
    private const int Greatest = 127;

    /// <param name="weights">[filters, channels, height, width].</param>
    /// <param name="filters">How many.</param>
    public static QuantizedWeights Of(ReadOnlySpan<float> weights, int filters)
    {
        var (values, scales, length) = (new sbyte[weights.Length], new float[filters], weights.Length / filters);
        for (var filter = 0; filter < filters; filter++)
        {
            var own = weights.Slice(filter * length, length);
            var greatest = Math.Abs(TensorPrimitives.MaxMagnitude(own));
            // A filter of zeros has any scale.
            scales[filter] = greatest > 0 ? greatest / Greatest : 1;
            for (var i = 0; i < length; i++) values[(filter * length) + i] = (sbyte)Math.Clamp(MathF.Round(own[i] / scales[filter]), -Greatest, Greatest);
        }

        return new QuantizedWeights(values, scales);
    }

    /// <summary>
    /// What rounding the weights takes from the mean of each filter's result; put into the bias, it costs nothing (Nagel et al.,
    /// "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019).
    /// </summary>
    /// <param name="weights">Those that <see cref="Values"/> stand for.</param>
    /// <param name="channelMeans">Of the convolution's input, one a channel.</param>
    public double[] MeanShift(ReadOnlySpan<float> weights, ReadOnlySpan<double> channelMeans)
    {
        var (shifts, length) = (new double[Scales.Length], weights.Length / Scales.Length);
        var places = length / channelMeans.Length;
        for (var i = 0; i < weights.Length; i++)
        {
            var lost = weights[i] - ((double)Values[i] * Scales[i / length]);
            shifts[i / length] += lost * channelMeans[i % length / places];
        }

        return shifts;
    }
}
