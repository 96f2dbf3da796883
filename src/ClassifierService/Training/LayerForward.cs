using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// A layer's outputs for a micro-batch. Its sums are made tile by tile in vectors of sixteen that <see cref="Finish"/> adds up;
/// who calls it for the units of one panel calls it for all the tiles, in order.
/// </summary>
internal sealed unsafe class LayerForward : IDisposable
{
    private const int Lanes = 16;

    private readonly TrainingLayer _layer;
    private readonly bool _isOutput;
    private readonly KeptExamples _kept;

    // [unit][listed example][lane]; zero between micro-batches.
    private readonly AlignedFloats _sums;

    public LayerForward(TrainingLayer layer, bool isOutput)
    {
        (_layer, _isOutput) = (layer, isOutput);
        _kept = new KeptExamples(layer.PaddedUnits);
        _sums = new AlignedFloats(layer.PaddedUnits * (long)MicroBatch.Most * Lanes);
    }

    /// <summary>Bytes that it takes for a layer of so many units.</summary>
    public static long Bytes(int paddedUnits) => paddedUnits * (long)MicroBatch.Most * ((Lanes * sizeof(float)) + sizeof(int));

    /// <summary>Which units' outputs are wanted: with dropout, those that it keeps.</summary>
    public void Begin(MicroBatch examples, float dropout, RandomStream random, int firstUnit, int endUnit)
    {
        if (dropout > 0 && !_isOutput) _kept.Draw(random, dropout, examples, firstUnit, endUnit);
        else _kept.KeepAll(examples.Count, firstUnit, endUnit);
    }

    /// <param name="inputs">The tile's, of the micro-batch's first example.</param>
    /// <param name="stride">From one example's to the next one's.</param>
    /// <param name="unit">The unit.</param>
    public UnitProducts ProductsOf(float* inputs, int stride, int unit) =>
        new(_kept.Of(unit), _kept.Count(unit), inputs, stride, SumsOf(unit));

    /// <summary>Adds what a tile contributes.</summary>
    public void AddProducts(ActivationBuffer inputs, MicroBatch examples, int tile, int firstUnit, int endUnit)
    {
        var row = inputs.Row(examples.First) + (tile * TrainingLayer.TileWidth);
        var width = _layer.WidthOf(tile);
        for (var unit = firstUnit; unit < endUnit; unit++)
        {
            UnitKernel.Forward(new UnitTile(_layer.Weights(tile, unit), null, null, width), ProductsOf(row, inputs.Stride, unit));
        }
    }

    /// <summary>
    /// Writes the units' outputs: logits, or what bias, ReLU and inverted dropout make of the sums, which is zero where
    /// dropout keeps nothing and 1 / (1 − dropout) times as much elsewhere.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Finish(ActivationBuffer outputs, MicroBatch examples, float dropout, int firstUnit, int endUnit)
    {
        var (lowest, scale) = _isOutput ? (float.NegativeInfinity, 1f) : (0f, 1 / (1 - dropout));
        float* row = outputs.Row(examples.First), biases = _layer.Biases(0);
        nint stride = outputs.Stride;
        for (var place = 0; place < examples.Count; place++) new Span<float>(row + (place * stride) + firstUnit, endUnit - firstUnit).Clear();

        for (var unit = firstUnit; unit < endUnit; unit++)
        {
            var kept = _kept.Of(unit);
            var count = _kept.Count(unit);
            var sums = SumsOf(unit);
            for (var listed = 0; listed < count; listed++)
            {
                var output = (Kernels.Sum(Vector512.Load(sums + (listed * Lanes))) + biases[unit]) * scale;
                row[(kept[listed] * stride) + unit] = output < lowest ? lowest : output;
            }

            new Span<float>(sums, count * Lanes).Clear();
        }
    }

    public void Dispose() => _sums.Dispose();

    private float* SumsOf(int unit) => _sums.Pointer + ((long)unit * MicroBatch.Most * Lanes);
}
