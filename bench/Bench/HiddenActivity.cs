using Topfive.Classifier.V1;
using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>How much of a hidden layer takes part: what is zero behind ReLU need not be multiplied.</summary>
internal static class HiddenActivity
{
    private const int Examples = 200;

    /// <returns>For each unit of the first layer, the share of examples for which its output is not zero, dropout aside.</returns>
    public static double[] After(TrainingData data, Recipe recipe, int epochs, int threads)
    {
        using var network = new TrainingNetwork(data.Dimensions, data.Labels.Count, recipe);
        using var trainer = new EpochTrainer(network, recipe, TrainingObjective.Of(recipe, data), recipe.BatchSize, threads);
        for (var epoch = 0; epoch < epochs; epoch++) trainer.TrainEpoch(data, data.TrainingRows, CancellationToken.None);
        var (units, weights, biases) = (network.Layers[0].Units, network.Layers[0].CopyWeights(), network.Layers[0].CopyBiases());
        return [.. Enumerable.Range(0, units).Select(unit => data.TrainingRows.Take(Examples).Average(row => IsActive(unit, data.Row(row)) ? 1.0 : 0))];

        bool IsActive(int unit, ReadOnlySpan<float> vector)
        {
            var sum = biases[unit];
            for (var input = 0; input < vector.Length; input++) sum += vector[input] * weights[(input * units) + unit];
            return sum > 0;
        }
    }
}
