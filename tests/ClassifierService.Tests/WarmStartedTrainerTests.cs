using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class WarmStartedTrainerTests
{
    [Fact]
    public void A_warm_start_keeps_what_was_learnt_by_label_and_only_new_labels_begin_afresh()
    {
        var data = SyntheticVectors.Data(training: 60, validation: 20, dimensions: 32, labels: 4);
        using var first = new Trainer(data, Recipe(learningRate: 0.003f, epochs: 40), 2);
        _ = first.Run(CancellationToken.None).Last();
        var previous = first.ToHead(Some.Backbone.Fingerprint, temperature: 1);

        // Label 1 is gone, two are new, and the others have other places.
        string[] labels = ["a new one", "label 000", "label 002", "label 003", "label 003½"];
        var grown = data with { Labels = labels, LabelIndexes = [.. data.LabelIndexes.Select(label => label == 1 ? 4 : Math.Max(label, 1))] };
        using var fresh = new TrainingNetwork(32, 5, Recipe());
        using var network = new TrainingNetwork(32, 5, Recipe());
        network.TakeOver(previous, labels);

        Assert.Equal(previous.Layers[0].Weights, network.Layers[0].CopyWeights());
        var (weights, old, drawn) = (network.Output.CopyWeights(), previous.Layers[1].Weights, fresh.Output.CopyWeights());
        var from = new[] { -1, 0, 2, 3, -1 };
        for (var unit = 0; unit < 5; unit++)
        {
            Assert.Equal(from[unit] < 0 ? 0 : previous.Layers[1].Bias[from[unit]], network.Output.CopyBiases()[unit]);
            for (var input = 0; input < 64; input++)
            {
                Assert.Equal(from[unit] < 0 ? drawn[(input * 5) + unit] : old[(input * 4) + from[unit]], weights[(input * 5) + unit]);
            }
        }

        // The first epoch of a warm start already knows the old labels.
        using var warm = new Trainer(grown, Recipe(learningRate: 1e-6f, dropout: 0, epochs: 1), 2, previous);
        using var cold = new Trainer(grown, Recipe(learningRate: 1e-6f, dropout: 0, epochs: 1), 2);
        Assert.True(warm.Run(CancellationToken.None).Single().Accuracy > cold.Run(CancellationToken.None).Single().Accuracy + 0.3);
    }

    private static Recipe Recipe(float dropout = 0.5f, float learningRate = 0.001f, int epochs = 2) => RecipeRules.Complete(new Recipe
    {
        HiddenUnits = { 64 },
        Dropout = dropout,
        LearningRate = learningRate,
        BatchSize = 12,
        Epochs = epochs,
        Seed = 1,
    });
}
