using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What a recipe may say, and what it means where it says nothing.</summary>
internal static class RecipeRules
{
    public const int MaxHiddenLayers = 8;
    public const int MaxHiddenUnits = 8_192;
    public const int MaxBatchSize = 65_536;
    public const int MaxEpochs = 10_000;
    public const float MaxLearningRate = 10;

    /// <returns>The recipe with every default filled in.</returns>
    /// <exception cref="Failure">A value is out of its range, or does not go with another.</exception>
    public static Recipe Complete(Recipe? asked)
    {
        var recipe = asked?.Clone() ?? new Recipe();
        if (!Enum.IsDefined(recipe.Optimizer)) throw Failure.InvalidInput($"recipe.optimizer {(int)recipe.Optimizer} is unknown; RMSPROP is 1, ADAM 2, SGD 3");
        if (recipe.Optimizer == Optimizer.Unspecified) recipe.Optimizer = Optimizer.Rmsprop;
        if (recipe.HasMomentum && recipe.Optimizer != Optimizer.Sgd)
        {
            throw Failure.InvalidInput($"recipe.momentum is {recipe.Momentum}, but recipe.optimizer is {recipe.Optimizer}: only SGD takes a momentum");
        }

        if (recipe.HiddenUnits.Count == 0 && !recipe.NoHiddenLayers) recipe.HiddenUnits.Add(256);
        if (!recipe.HasDropout) recipe.Dropout = 0.5f;
        if (!recipe.HasLearningRate) recipe.LearningRate = 1e-4f;
        if (!recipe.HasBatchSize) recipe.BatchSize = 12;
        if (!recipe.HasEpochs) recipe.Epochs = 10;
        if (recipe.Optimizer == Optimizer.Sgd && !recipe.HasMomentum) recipe.Momentum = 0.9f;
        if (!recipe.HasUnknownFalseRejectRate) recipe.UnknownFalseRejectRate = 0.05f;
        Check(recipe);
        return recipe;
    }

    private static void Check(Recipe recipe)
    {
        if (recipe.NoHiddenLayers && recipe.HiddenUnits.Count > 0)
        {
            throw Failure.InvalidInput($"recipe.no_hidden_layers is set, but recipe.hidden_units names {recipe.HiddenUnits.Count}: choose one");
        }

        if (recipe.HiddenUnits.Count > MaxHiddenLayers)
        {
            throw Failure.InvalidInput($"recipe.hidden_units names {recipe.HiddenUnits.Count} layers; at most {MaxHiddenLayers}");
        }

        foreach (var units in recipe.HiddenUnits) Require(units is >= 1 and <= MaxHiddenUnits, "hidden_units", units, $"1 to {MaxHiddenUnits}");
        Require(recipe.Dropout is >= 0 and < 1, "dropout", recipe.Dropout, "0 or above, below 1");
        Require(recipe.LearningRate is > 0 and <= MaxLearningRate, "learning_rate", recipe.LearningRate, $"above 0, at most {MaxLearningRate}");
        Require(recipe.BatchSize is >= 1 and <= MaxBatchSize, "batch_size", recipe.BatchSize, $"1 to {MaxBatchSize}");
        Require(recipe.Momentum is >= 0 and < 1, "momentum", recipe.Momentum, "0 or above, below 1");
        Require(recipe.LabelSmoothing is >= 0 and < 1, "label_smoothing", recipe.LabelSmoothing, "0 or above, below 1");
        Require(recipe.UnknownFalseRejectRate is >= 0 and < 1, "unknown_false_reject_rate", recipe.UnknownFalseRejectRate, "0 or above, below 1");
        Require(recipe.Epochs is >= 1 and <= MaxEpochs, "epochs", recipe.Epochs, $"1 to {MaxEpochs}");
        Require(recipe.WarmStart is null or { Version: >= 0 }, "warm_start.version", recipe.WarmStart?.Version ?? 0, "0 (the live version) or above");
        if (recipe.ClassWeights is not null) LabelWeights.Check(recipe.ClassWeights);
        if (recipe.EarlyStopping is not { } stopping) return;
        Require(stopping.Patience is >= 1 and <= MaxEpochs, "early_stopping.patience", stopping.Patience, $"1 to {MaxEpochs}");
        Require(stopping.MinDelta is >= 0 and < float.PositiveInfinity, "early_stopping.min_delta", stopping.MinDelta, "0 or above");
    }

    private static void Require(bool holds, string field, float value, string range)
    {
        if (!holds) throw Failure.InvalidInput($"recipe.{field} is {value}; it must be {range}");
    }
}
