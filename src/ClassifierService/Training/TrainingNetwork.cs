using Topfive.Backbones;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>The parameters that learn: Dense(units, relu) → Dropout → … → Dense(labels, softmax).</summary>
internal sealed class TrainingNetwork : IDisposable
{
    /// <param name="inputs">Length of a vector.</param>
    /// <param name="labels">Number of labels.</param>
    /// <param name="recipe">With every default filled in.</param>
    public TrainingNetwork(int inputs, int labels, Recipe recipe)
    {
        var moments = ParameterUpdate.MomentsOf(recipe.Optimizer);
        Layers = [.. Shapes(inputs, labels, recipe).Select(shape => new TrainingLayer(shape.Inputs, shape.Units, moments))];
        for (var layer = 0; layer < Layers.Count; layer++) Layers[layer].Initialize(recipe.Seed, layer);
    }

    /// <summary>The network that a head is.</summary>
    public TrainingNetwork(DenseHead head)
    {
        Layers = [.. head.Layers.Select(layer => new TrainingLayer(layer.Inputs, layer.Units))];
        foreach (var (layer, learnt) in Layers.Zip(head.Layers)) layer.Load(learnt.Weights, learnt.Bias);
    }

    public IReadOnlyList<TrainingLayer> Layers { get; }

    public TrainingLayer Output => Layers[^1];

    public IEnumerable<AlignedFloats> Parameters => Layers.SelectMany(layer => layer.Parameters);

    /// <summary>
    /// Takes over what another head has learnt: the hidden layers as they are, and the outputs by their labels. Labels
    /// that it does not know keep their fresh weights.
    /// </summary>
    /// <param name="previous">With the same inputs and hidden layers.</param>
    /// <param name="labels">Of this network, in index order.</param>
    public void TakeOver(DenseHead previous, IReadOnlyList<string> labels)
    {
        foreach (var (layer, learnt) in Layers.Zip(previous.Layers).SkipLast(1)) layer.Load(learnt.Weights, learnt.Bias);
        var (weights, biases, learntOutput) = (Output.CopyWeights(), Output.CopyBiases(), previous.Layers[^1]);
        for (var unit = 0; unit < labels.Count; unit++)
        {
            var known = previous.Labels.IndexOf(labels[unit]);
            if (known < 0) continue;
            biases[unit] = learntOutput.Bias[known];
            for (var input = 0; input < Output.Inputs; input++)
            {
                weights[(input * Output.Units) + unit] = learntOutput.Weights[(input * learntOutput.Units) + known];
            }
        }

        Output.Load(weights, biases);
    }

    /// <summary>Inputs and units of each layer.</summary>
    public static IEnumerable<(int Inputs, int Units)> Shapes(int inputs, int labels, Recipe recipe)
    {
        int[] widths = [inputs, .. recipe.HiddenUnits, labels];
        return widths.Zip(widths.Skip(1));
    }

    public void Dispose()
    {
        foreach (var layer in Layers) layer.Dispose();
    }
}
