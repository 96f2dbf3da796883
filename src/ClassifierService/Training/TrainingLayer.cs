namespace Topfive.ClassifierService;

/// <summary>
/// A dense layer while it learns: weights, biases and what the optimizer remembers of each. Weights lie in tiles of
/// <see cref="TileWidth"/> inputs, [tile][unit][input of the tile]: vectors run along the inputs, so that a unit can leave
/// out the examples that it has no part in, and a step walks a thread's units of a tile from end to end. Inputs are padded
/// to whole groups of vectors; their padding is zero and, its gradient being zero, stays zero. Threads share the units out
/// by panels, to which biases are padded.
/// </summary>
internal sealed unsafe class TrainingLayer : IDisposable
{
    /// <summary>Inputs of a tile: 1 KiB of an example and of a unit.</summary>
    public const int TileWidth = 256;

    /// <summary>Inputs that <see cref="UnitKernel"/> takes at a time: four vectors.</summary>
    public const int GroupWidth = 64;

    public const int PanelWidth = 32;

    private readonly AlignedFloats _weights;
    private readonly AlignedFloats _biases;

    // By number of the moment.
    private readonly AlignedFloats[] _weightMoments;
    private readonly AlignedFloats[] _biasMoments;

    /// <param name="inputs">Numbers that an example brings.</param>
    /// <param name="units">Numbers that come out.</param>
    /// <param name="moments">Numbers that the optimizer remembers of each parameter: one or two.</param>
    public TrainingLayer(int inputs, int units, int moments = 1)
    {
        Inputs = inputs;
        Units = units;
        PaddedInputs = RoundUp(inputs, GroupWidth);
        Panels = RoundUp(units, PanelWidth) / PanelWidth;
        _weights = new AlignedFloats((long)PaddedInputs * units);
        _biases = new AlignedFloats(PaddedUnits);
        _weightMoments = [.. Enumerable.Range(0, moments).Select(_ => new AlignedFloats(_weights.Length))];
        _biasMoments = [.. Enumerable.Range(0, moments).Select(_ => new AlignedFloats(PaddedUnits))];
    }

    public int Inputs { get; }

    public int Units { get; }

    public int PaddedInputs { get; }

    public int Panels { get; }

    public int PaddedUnits => Panels * PanelWidth;

    /// <summary>What is learnt: the weights and the biases.</summary>
    public IEnumerable<AlignedFloats> Parameters => [_weights, _biases];

    public int Tiles => (PaddedInputs + TileWidth - 1) / TileWidth;

    /// <summary>Inputs of a tile, padding included: the last one may have fewer.</summary>
    public int WidthOf(int tile) => Math.Min(TileWidth, PaddedInputs - (tile * TileWidth));

    public float* Weights(int tile, int unit) => _weights.Pointer + Offset(tile, unit);

    /// <summary>For an optimizer of one moment, the second is the first again, which it leaves alone.</summary>
    public float* WeightMoments(int moment, int tile, int unit) => Moment(_weightMoments, moment) + Offset(tile, unit);

    public float* Biases(int panel) => _biases.Pointer + (panel * PanelWidth);

    public float* BiasMoments(int moment, int panel) => Moment(_biasMoments, moment) + (panel * PanelWidth);

    /// <summary>Keras' GlorotUniform: uniform in ±√(6 / (inputs + units)), drawn row by row; biases are zero.</summary>
    public void Initialize(ulong seed, int layer)
    {
        var random = new RandomStream(seed, RandomPurpose.InitialWeights, (ulong)layer);
        var limit = MathF.Sqrt(6f / (Inputs + Units));
        for (var input = 0; input < Inputs; input++)
        {
            for (var unit = 0; unit < Units; unit++)
            {
                var position = ((ulong)input * (ulong)Units) + (ulong)unit;
                Weight(input, unit) = ((2 * random.UniformAt(position)) - 1) * limit;
            }
        }
    }

    /// <param name="weights">Row-major [inputs, units].</param>
    /// <param name="biases">One a unit.</param>
    public void Load(ReadOnlySpan<float> weights, ReadOnlySpan<float> biases)
    {
        for (var index = 0; index < weights.Length; index++)
        {
            Weight(index / Units, index % Units) = weights[index];
        }

        biases.CopyTo(_biases.Slice(0, Units));
    }

    /// <returns>Row-major [inputs, units].</returns>
    public float[] CopyWeights()
    {
        var weights = new float[Inputs * Units];
        for (var index = 0; index < weights.Length; index++)
        {
            weights[index] = Weight(index / Units, index % Units);
        }

        return weights;
    }

    public float[] CopyBiases() => _biases.Slice(0, Units).ToArray();

    /// <summary>Bytes that a layer of this shape takes.</summary>
    public static long Bytes(int inputs, int units, int moments) =>
        (1L + moments) * sizeof(float) * (RoundUp(inputs, GroupWidth) + 1L) * RoundUp(units, PanelWidth);

    public void Dispose()
    {
        _weights.Dispose();
        _biases.Dispose();
        foreach (var moments in _weightMoments.Concat(_biasMoments)) moments.Dispose();
    }

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    private static float* Moment(AlignedFloats[] moments, int moment) => moments[Math.Min(moment, moments.Length - 1)].Pointer;

    private long Offset(int tile, int unit) => ((long)tile * TileWidth * Units) + ((long)unit * WidthOf(tile));

    private ref float Weight(int input, int unit) => ref Weights(input / TileWidth, unit)[input % TileWidth];
}
