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
    /// <exception cref="Failure">A value is out of its range, or asks for what is not built.</exception>
    public static Recipe Complete(Recipe? asked)
    {
        var recipe = asked?.Clone() ?? new Recipe();
        RefuseWhatIsNotBuilt(recipe);
        if (recipe.HiddenUnits.Count == 0 && !recipe.NoHiddenLayers) recipe.HiddenUnits.Add(256);
        if (!recipe.HasDropout) recipe.Dropout = 0.5f;
        if (!recipe.HasLearningRate) recipe.LearningRate = 1e-4f;
        if (!recipe.HasBatchSize) recipe.BatchSize = 12;
        if (!recipe.HasEpochs) recipe.Epochs = 10;
        recipe.Optimizer = Optimizer.Rmsprop;
        Check(recipe);
        return recipe;
    }

    private static void RefuseWhatIsNotBuilt(Recipe recipe)
    {
        if (!Enum.IsDefined(recipe.Optimizer)) throw Failure.InvalidInput($"recipe.optimizer {(int)recipe.Optimizer} is unknown; RMSPROP is 1");
        if (recipe.Optimizer is Optimizer.Adam or Optimizer.Sgd) throw Failure.NotBuilt($"recipe.optimizer {recipe.Optimizer} is not built yet; use RMSPROP");
        if (recipe.EarlyStopping is not null) throw Failure.NotBuilt("recipe.early_stopping is not built yet; leave it out");
        if (recipe.LabelSmoothing != 0) throw Failure.NotBuilt("recipe.label_smoothing is not built yet; leave it 0");
        if (recipe.ClassWeights is not null) throw Failure.NotBuilt("recipe.class_weights is not built yet; leave it out");
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
        Require(recipe.Epochs is >= 1 and <= MaxEpochs, "epochs", recipe.Epochs, $"1 to {MaxEpochs}");
    }

    private static void Require(bool holds, string field, float value, string range)
    {
        if (!holds) throw Failure.InvalidInput($"recipe.{field} is {value}; it must be {range}");
    }
}
