using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>How the recipe's optimizer moves the parameters of a panel.</summary>
internal abstract unsafe class ParameterUpdate
{
    public static ParameterUpdate Of(Recipe recipe)
    {
        var (learningRate, momentum) = (recipe.LearningRate, recipe.Momentum);
        return recipe.Optimizer switch
        {
            Optimizer.Adam => new By<Adam>(step => new Adam(learningRate, step)),
            Optimizer.Sgd => new By<Sgd>(_ => new Sgd(learningRate, momentum)),
            _ => new By<RmsProp>(_ => new RmsProp(learningRate)),
        };
    }

    /// <summary>Numbers that an optimizer remembers of each parameter.</summary>
    public static int MomentsOf(Optimizer optimizer) => optimizer == Optimizer.Adam ? 2 : 1;

    /// <summary>Rows <paramref name="row"/> … of a panel learn from the batch whose inputs and deltas these are.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="panel">The panel.</param>
    /// <param name="row">The first row, a multiple of four.</param>
    /// <param name="rows">How many, a multiple of four.</param>
    /// <param name="inputs">What the layer was given.</param>
    /// <param name="deltas">The loss's gradient by the layer's sums.</param>
    /// <param name="batch">Examples.</param>
    /// <param name="step">Number of the update, from 1.</param>
    public abstract void UpdateWeights(
        TrainingLayer layer, int panel, int row, int rows, ActivationBuffer inputs, ActivationBuffer deltas, int batch, ulong step);

    public abstract void UpdateBiases(TrainingLayer layer, int panel, ActivationBuffer deltas, int batch, ulong step);

    private sealed class By<TOptimizer>(Func<ulong, TOptimizer> optimizer) : ParameterUpdate
        where TOptimizer : struct, IOptimizer
    {
        public override void UpdateWeights(
            TrainingLayer layer, int panel, int row, int rows, ActivationBuffer inputs, ActivationBuffer deltas, int batch, ulong step)
        {
            var offset = (long)row * TrainingLayer.PanelWidth;
            Kernels.UpdateWeights(
                layer.Weights(panel) + offset, layer.WeightMoments(0, panel) + offset, layer.WeightMoments(1, panel) + offset, rows,
                inputs.Row(0) + row, inputs.Stride, deltas.Row(0) + (panel * TrainingLayer.PanelWidth), deltas.Stride, batch, optimizer(step));
        }

        public override void UpdateBiases(TrainingLayer layer, int panel, ActivationBuffer deltas, int batch, ulong step) =>
            Kernels.UpdateBiases(
                layer.Biases(panel), layer.BiasMoments(0, panel), layer.BiasMoments(1, panel),
                deltas.Row(0) + (panel * TrainingLayer.PanelWidth), deltas.Stride, batch, optimizer(step));
    }
}
