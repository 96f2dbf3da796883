using System.Globalization;

namespace Topfive.Backbones;

/// <summary>
/// Inception V3 (Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2015) up to its last mixed
/// block, in the form and with the names of keras.applications: 94 convolutions, of which conv2d_1 is the first.
/// </summary>
internal sealed class InceptionV3
{
    public const string Name = "inception_v3";

    /// <summary>Width and height of the image.</summary>
    public const int Size = 299;

    /// <summary>Length of the vector: the channels of the last block, averaged over its 8×8 places.</summary>
    public const int Dimensions = 2048;

    private readonly List<Convolution> _convolutions = [];
    private int _poolings;

    public InceptionV3()
    {
        Operation x = new InputImage();
        x = Conv(x, 32, 3, 3, stride: 2, padded: false);
        x = Conv(x, 32, 3, 3, padded: false);
        x = Conv(x, 64, 3, 3);
        x = Max(x);
        x = Conv(x, 80, 1, 1);
        x = Conv(x, 192, 3, 3, padded: false);
        x = Max(x);

        x = Mixed35("mixed0", x, poolFilters: 32);
        x = Mixed35("mixed1", x, poolFilters: 64);
        x = Mixed35("mixed2", x, poolFilters: 64);
        x = Reduce35("mixed3", x);
        x = Mixed17("mixed4", x, filters: 128);
        x = Mixed17("mixed5", x, filters: 160);
        x = Mixed17("mixed6", x, filters: 160);
        x = Mixed17("mixed7", x, filters: 192);
        x = Reduce17("mixed8", x);
        x = Mixed8("mixed9", x);
        Output = Mixed8("mixed10", x);
    }

    /// <summary>In Keras' order of creation.</summary>
    public IReadOnlyList<Convolution> Convolutions => _convolutions;

    /// <summary>The last block, 8×8 with <see cref="Dimensions"/> channels.</summary>
    public Operation Output { get; }

    private Concatenation Mixed35(string name, Operation x, int poolFilters)
    {
        var branch1x1 = Conv(x, 64, 1, 1);
        var branch5x5 = Conv(Conv(x, 48, 1, 1), 64, 5, 5);
        var branch3x3 = Conv(Conv(Conv(x, 64, 1, 1), 96, 3, 3), 96, 3, 3);
        var pool = Conv(Average(x), poolFilters, 1, 1);
        return new Concatenation(name, branch1x1, branch5x5, branch3x3, pool);
    }

    private Concatenation Reduce35(string name, Operation x)
    {
        var branch3x3 = Conv(x, 384, 3, 3, stride: 2, padded: false);
        var branch3x3Double = Conv(Conv(Conv(x, 64, 1, 1), 96, 3, 3), 96, 3, 3, stride: 2, padded: false);
        return new Concatenation(name, branch3x3, branch3x3Double, Max(x));
    }

    private Concatenation Mixed17(string name, Operation x, int filters)
    {
        var branch1x1 = Conv(x, 192, 1, 1);
        var branch7x7 = Conv(Conv(Conv(x, filters, 1, 1), filters, 1, 7), 192, 7, 1);
        var branch7x7Double = Conv(Conv(Conv(Conv(Conv(x, filters, 1, 1), filters, 7, 1), filters, 1, 7), filters, 7, 1), 192, 1, 7);
        var pool = Conv(Average(x), 192, 1, 1);
        return new Concatenation(name, branch1x1, branch7x7, branch7x7Double, pool);
    }

    private Concatenation Reduce17(string name, Operation x)
    {
        var branch3x3 = Conv(Conv(x, 192, 1, 1), 320, 3, 3, stride: 2, padded: false);
        var branch7x7x3 = Conv(Conv(Conv(Conv(x, 192, 1, 1), 192, 1, 7), 192, 7, 1), 192, 3, 3, stride: 2, padded: false);
        return new Concatenation(name, branch3x3, branch7x7x3, Max(x));
    }

    private Concatenation Mixed8(string name, Operation x)
    {
        var branch1x1 = Conv(x, 320, 1, 1);
        var branch3x3 = Conv(x, 384, 1, 1);
        var split3x3 = new Concatenation($"{name}_3x3", Conv(branch3x3, 384, 1, 3), Conv(branch3x3, 384, 3, 1));
        var branch3x3Double = Conv(Conv(x, 448, 1, 1), 384, 3, 3);
        var split3x3Double = new Concatenation($"{name}_3x3double", Conv(branch3x3Double, 384, 1, 3), Conv(branch3x3Double, 384, 3, 1));
        var pool = Conv(Average(x), 192, 1, 1);
        return new Concatenation(name, branch1x1, split3x3, split3x3Double, pool);
    }

    private Convolution Conv(Operation input, int filters, int height, int width, int stride = 1, bool padded = true)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"conv2d_{_convolutions.Count + 1}");
        _convolutions.Add(new Convolution(name, input, filters, height, width, stride, padded));
        return _convolutions[^1];
    }

    private MaxPooling Max(Operation input) => new(string.Create(CultureInfo.InvariantCulture, $"pool_{++_poolings}"), input);

    private AveragePooling Average(Operation input) => new(string.Create(CultureInfo.InvariantCulture, $"pool_{++_poolings}"), input);
}
