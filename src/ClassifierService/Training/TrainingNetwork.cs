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

    public IReadOnlyList<TrainingLayer> Layers { get; }

    public TrainingLayer Output => Layers[^1];

    public IEnumerable<AlignedFloats> Parameters => Layers.SelectMany(layer => layer.Parameters);

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
