using Xunit;

namespace Topfive.Backbones.Tests;

public class ArithmeticTests
{
    [Theory]
    [InlineData(0f, 2.55f, 0.01f, 0)]
    [InlineData(-1f, 1f, 2 / 255f, 127)]
    [InlineData(-1f, 4.1f, 0.02f, 50)]
    [InlineData(0f, 0f, 1f, 0)]
    public void A_range_has_255_steps_and_a_byte_that_is_exactly_0(float low, float high, float scale, byte zero)
    {
        var range = ActivationRange.Of(low, high);

        Assert.Equal(scale, range.Scale, 1e-7f);
        Assert.Equal(zero, range.ZeroPoint);
    }

    [Fact]
    public void Each_filter_is_rounded_in_steps_of_its_own_greatest_weight()
    {
        var quantized = QuantizedWeights.Of([1.27f, -0.634f, 0.016f, -0.00127f, 0.0005f, 0.0001f, 0, 0, 0], 3);

        Assert.Equal<sbyte>([127, -63, 2, -127, 50, 10, 0, 0, 0], quantized.Values);
        Assert.Equal(0.01f, quantized.Scales[0], 1e-8f);
        Assert.Equal(0.00001f, quantized.Scales[1], 1e-11f);
        Assert.Equal(1, quantized.Scales[2]);
    }

    [Fact]
    public void What_rounding_takes_from_a_filters_mean_is_known_from_its_inputs_means()
    {
        // Two channels of two places: 0.004 and 0.002 are lost of the first channel's weights, −0.003 and 0 of the second's.
        float[] weights = [1.27f, 0.634f, 0.337f, 0.1f];
        var quantized = QuantizedWeights.Of(weights, 1);

        Assert.Equal<sbyte>([127, 63, 34, 10], quantized.Values);
        Assert.Equal((0.004 * 10) + (-0.003 * 100), quantized.MeanShift(weights, [10, 100])[0], 1e-5);
    }

    [Fact]
    public void A_value_far_from_all_others_is_cut_off_and_values_spread_evenly_are_not()
    {
        float[] even = [.. Enumerable.Range(1, 10_000).Select(i => i / 10_000f)];
        var spread = new Histogram();
        spread.Add(even);
        var outlier = new Histogram();
        foreach (var _ in Enumerable.Range(0, 50)) outlier.Add(even);
        outlier.Add([4f]);

        Assert.Equal(1, spread.RangeEnd());
        Assert.Equal(4, outlier.Max);
        Assert.InRange(outlier.RangeEnd(), 0.8f, 3.9f);
    }

    [Fact]
    public void A_number_that_is_none_stops_the_calibration() =>
        Assert.Throws<InvalidDataException>(() => new Histogram().Add([1, float.PositiveInfinity]));
}
