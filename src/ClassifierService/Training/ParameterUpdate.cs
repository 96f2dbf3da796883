using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>What a batch that went through a layer asks of the layer's parameters, and how the recipe's optimizer moves them.</summary>
internal abstract unsafe class ParameterUpdate : IDisposable
{
    private readonly TrainingLayer _layer;
    private readonly ActiveExamples _active;

    // Of a tile, [unit][input]: what the micro-batches before the last give; null where there is but one.
    private readonly AlignedFloats? _gradients;

    private ParameterUpdate(TrainingLayer layer, int largestBatch)
    {
        _layer = layer;
        _active = new ActiveExamples(largestBatch, layer.PaddedUnits);
        if (largestBatch > MicroBatch.Most) _gradients = new AlignedFloats((long)layer.PaddedUnits * TrainingLayer.TileWidth);
    }

    public static ParameterUpdate Of(Recipe recipe, TrainingLayer layer, int largestBatch)
    {
        var (learningRate, momentum) = (recipe.LearningRate, recipe.Momentum);
        return recipe.Optimizer switch
        {
            Optimizer.Adam => new By<Adam>(layer, largestBatch, step => new Adam(learningRate, step)),
            Optimizer.Sgd => new By<Sgd>(layer, largestBatch, _ => new Sgd(learningRate, momentum)),
            _ => new By<RmsProp>(layer, largestBatch, _ => new RmsProp(learningRate)),
        };
    }

    /// <summary>Numbers that an optimizer remembers of each parameter.</summary>
    public static int MomentsOf(Optimizer optimizer) => optimizer == Optimizer.Adam ? 2 : 1;

    /// <summary>Bytes that it takes for a layer of so many units.</summary>
    public static long Bytes(int largestBatch, int paddedUnits) => ActiveExamples.Bytes(largestBatch, paddedUnits)
        + (largestBatch > MicroBatch.Most ? (long)paddedUnits * TrainingLayer.TileWidth * sizeof(float) : 0);

    /// <summary>Looks which of the batch's examples move which of the units, and moves the units' biases.</summary>
    /// <param name="inputs">What the layer was given.</param>
    /// <param name="deltas">The loss's gradient by the layer's sums.</param>
    /// <param name="batch">Examples.</param>
    /// <param name="step">Number of the update, from 1.</param>
    /// <param name="firstPanel">The first of the units' panels.</param>
    /// <param name="endPanel">Behind the last of them.</param>
    public void Begin(ActivationBuffer inputs, ActivationBuffer deltas, int batch, ulong step, int firstPanel, int endPanel)
    {
        _active.Collect(deltas, inputs.Stride, batch, firstPanel * TrainingLayer.PanelWidth, endPanel * TrainingLayer.PanelWidth);
        for (var panel = firstPanel; panel < endPanel; panel++) UpdateBiases(panel, deltas, batch, step);
    }

    /// <summary>The units' weights of a tile learn, and add at once to the units' sums what they contribute to the next batch.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="inputs">Of the batch that they learn from.</param>
    /// <param name="batch">Its examples.</param>
    /// <param name="step">Number of the update, from 1.</param>
    /// <param name="next">Takes the sums.</param>
    /// <param name="nextInputs">The tile's, of the first example that the sums are for.</param>
    /// <param name="firstUnit">The first of the units.</param>
    /// <param name="endUnit">Behind the last of them.</param>
    public void UpdateAndForward(
        int tile, ActivationBuffer inputs, int batch, ulong step, LayerForward next, float* nextInputs, int firstUnit, int endUnit)
    {
        var last = MicroBatch.CountOf(batch) - 1;
        for (var number = 0; number < last; number++)
        {
            for (var unit = firstUnit; unit < endUnit; unit++)
            {
                if (_active.Count(number, unit) == 0) continue;
                UnitKernel.AddGradient(GradientOf(number, unit, InputsOf(tile, inputs, batch, number)), _layer.WidthOf(tile), Partial(unit));
            }
        }

        Update(tile, inputs, batch, step, next, nextInputs, firstUnit, endUnit);
    }

    public void Dispose()
    {
        _active.Dispose();
        _gradients?.Dispose();
    }

    protected abstract void Update(
        int tile, ActivationBuffer inputs, int batch, ulong step, LayerForward next, float* nextInputs, int firstUnit, int endUnit);

    protected abstract void UpdateBiases(int panel, ActivationBuffer deltas, int batch, ulong step);

    private static float* InputsOf(int tile, ActivationBuffer inputs, int batch, int number) =>
        inputs.Row(MicroBatch.Of(batch, number).First) + (tile * TrainingLayer.TileWidth);

    private UnitGradient GradientOf(int number, int unit, float* inputs) => new(
        _active.Of(number, unit), _active.Count(number, unit), inputs, _active.AnyBefore(number, unit) ? Partial(unit) : null);

    private float* Partial(int unit) => _gradients!.Pointer + ((long)unit * TrainingLayer.TileWidth);

    private sealed class By<TOptimizer>(TrainingLayer layer, int largestBatch, Func<ulong, TOptimizer> optimizerOf)
        : ParameterUpdate(layer, largestBatch)
        where TOptimizer : struct, IOptimizer
    {
        protected override void Update(
            int tile, ActivationBuffer inputs, int batch, ulong step, LayerForward next, float* nextInputs, int firstUnit, int endUnit)
        {
            var (optimizer, last, width) = (optimizerOf(step), MicroBatch.CountOf(batch) - 1, _layer.WidthOf(tile));
            float* weights = _layer.Weights(tile, firstUnit), tileInputs = InputsOf(tile, inputs, batch, last);
            float* first = _layer.WeightMoments(0, tile, firstUnit), second = _layer.WeightMoments(1, tile, firstUnit);
            for (var unit = firstUnit; unit < endUnit; unit++)
            {
                var products = next.ProductsOf(nextInputs, inputs.Stride, unit);
                UnitKernel.Run(new UnitTile(weights, first, second, width), GradientOf(last, unit, tileInputs), products, optimizer);
                weights += width;
                first += width;
                second += width;
            }
        }

        protected override void UpdateBiases(int panel, ActivationBuffer deltas, int batch, ulong step) => Kernels.UpdateBiases(
            _layer.Biases(panel), _layer.BiasMoments(0, panel), _layer.BiasMoments(1, panel),
            deltas.Row(0) + (panel * TrainingLayer.PanelWidth), deltas.Stride, batch, optimizerOf(step));
    }
}
