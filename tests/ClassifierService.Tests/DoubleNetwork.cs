using Topfive.Classifier.V1;

namespace Topfive.ClassifierService.Tests;

/// <summary>A network's loss in double, by plain loops: what finite differences are taken of.</summary>
internal sealed class DoubleNetwork(TrainingNetwork network, Recipe recipe)
{
    public double[][] Weights { get; } = [.. network.Layers.Select(layer => layer.CopyWeights().Select(weight => (double)weight).ToArray())];

    public double[][] Biases { get; } = [.. network.Layers.Select(layer => layer.CopyBiases().Select(bias => (double)bias).ToArray())];

    /// <summary>Mean categorical cross-entropy of the training rows as one batch, with the dropout of step 0.</summary>
    public double Loss(TrainingData data) => data.TrainingRows.Select((row, example) => Loss(data, row, example)).Average();

    private double Loss(TrainingData data, int row, int example)
    {
        double[] values = [.. data.Row(row).ToArray()];
        for (var layer = 0; layer < Weights.Length; layer++)
        {
            var sums = (double[])Biases[layer].Clone();
            for (var input = 0; input < values.Length; input++)
            {
                for (var unit = 0; unit < sums.Length; unit++) sums[unit] += values[input] * Weights[layer][(input * sums.Length) + unit];
            }

            values = layer == Weights.Length - 1 ? sums : [.. sums.Select((sum, unit) => Math.Max(sum, 0) * Mask(layer, example, unit))];
        }

        var largest = values.Max();
        return largest + Math.Log(values.Sum(value => Math.Exp(value - largest))) - values[data.LabelIndexes[row]];
    }

    private double Mask(int layer, int example, int unit)
    {
        var random = new RandomStream(recipe.Seed, RandomPurpose.Dropout, (ulong)layer);
        var position = (ulong)((example * network.Layers[layer].PaddedUnits) + unit);
        var bits = random.At(position / 2) >> (int)(32 * (position % 2)) & uint.MaxValue;
        return bits >= recipe.Dropout * 4294967296.0 ? 1 / (1.0 - recipe.Dropout) : 0;
    }
}
