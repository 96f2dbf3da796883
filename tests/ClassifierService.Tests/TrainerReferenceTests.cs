using System.Text.Json;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>The trainer against tests/trainer-reference/reference.py, which shares no code with it.</summary>
public sealed class TrainerReferenceTests
{
    private const double Tolerance = 2e-5;

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static TheoryData<string> Names => [.. Cases().Select(reference => reference.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_run_gives_the_figures_and_the_weights_that_numpy_works_out(string name)
    {
        var reference = Cases().Single(candidate => candidate.Name == name);
        using var trainer = new Trainer(reference.Data(), reference.Recipe(), threads: 2);

        var epochs = trainer.Run(CancellationToken.None).ToList();

        Assert.Equal((reference.EpochResults.Length, reference.ResultEpoch), (epochs.Count, trainer.ResultEpoch));
        foreach (var (expected, epoch) in reference.EpochResults.Zip(epochs))
        {
            Assert.Equal(expected.Loss, epoch.Loss, Tolerance);
            Assert.Equal(expected.Accuracy, epoch.Accuracy, Tolerance);
            Assert.Equal(expected.ValLoss, epoch.ValLoss, Tolerance);
            Assert.Equal(expected.ValAccuracy, epoch.ValAccuracy, Tolerance);
            Assert.Equal(expected.ValTop5Accuracy, epoch.ValTop5Accuracy, Tolerance);
        }

        for (var layer = 0; layer < reference.Weights.Length; layer++)
        {
            AssertNear(reference.Weights[layer], trainer.Network.Layers[layer].CopyWeights());
            AssertNear(reference.Biases[layer], trainer.Network.Layers[layer].CopyBiases());
        }
    }

    private static void AssertNear(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], Tolerance);
    }

    private static Reference[] Cases() => JsonSerializer.Deserialize<Reference[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "reference.json")), Json)!;

    private sealed record EpochResult(double Loss, double Accuracy, double ValLoss, double ValAccuracy, double ValTop5Accuracy);

    private sealed record Reference(
        string Name, int Inputs, int[] HiddenUnits, int Labels, float Dropout, float LearningRate, int BatchSize, int Epochs, ulong Seed,
        string Optimizer, float Momentum, float LabelSmoothing, bool Balanced, Dictionary<string, float> ClassWeights, int Patience, float MinDelta,
        int ResultEpoch, int Training, int Validation, float[] Vectors, int[] LabelIndexes, EpochResult[] EpochResults, float[][] Weights, float[][] Biases)
    {
        public Recipe Recipe()
        {
            var recipe = new Recipe
            {
                HiddenUnits = { HiddenUnits },
                NoHiddenLayers = HiddenUnits.Length == 0,
                Dropout = Dropout,
                Optimizer = Enum.Parse<Optimizer>(Optimizer, ignoreCase: true),
                LearningRate = LearningRate,
                BatchSize = BatchSize,
                Epochs = Epochs,
                Seed = Seed,
                LabelSmoothing = LabelSmoothing,
                ClassWeights = new ClassWeights { Balanced = Balanced, Weights = { ClassWeights } },
                EarlyStopping = Patience == 0 ? null : new EarlyStopping { Patience = Patience, MinDelta = MinDelta },
            };
            if (recipe.Optimizer == Classifier.V1.Optimizer.Sgd) recipe.Momentum = Momentum;
            return RecipeRules.Complete(recipe);
        }

        public TrainingData Data() => new(
            MemoryMatrix.Of(Vectors, Inputs), [.. Enumerable.Range(0, Labels).Select(label => $"label {label}")], LabelIndexes,
            [.. Enumerable.Range(0, Training)], [.. Enumerable.Range(Training, Validation)]);
    }
}
