using System.Numerics.Tensors;

namespace Topfive.Backbones;

/// <summary>What calibration learns of one tensor.</summary>
internal sealed class TensorStatistics
{
    private double[] _sums = [];
    private long _places;

    /// <summary>Of the values above 0.</summary>
    public Histogram Histogram { get; } = new();

    /// <summary>The least value; 0: none was below 0.</summary>
    public float Min { get; private set; }

    /// <summary>Over all images and places, one a channel.</summary>
    public double[] ChannelMeans => Array.ConvertAll(_sums, sum => sum / _places);

    /// <param name="values">Of one image: [channels, places].</param>
    /// <param name="channels">How many.</param>
    public void Add(ReadOnlySpan<float> values, int channels)
    {
        if (_sums.Length == 0) _sums = new double[channels];
        var places = values.Length / channels;
        for (var channel = 0; channel < channels; channel++) _sums[channel] += TensorPrimitives.Sum(values.Slice(channel * places, places));
        _places += places;
        Min = Math.Min(Min, TensorPrimitives.Min(values));
        Histogram.Add(values);
    }
}
