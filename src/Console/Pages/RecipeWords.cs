using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Consoles;

internal static class RecipeWords
{
    public static IEnumerable<(string Name, string Value)> Of(Recipe recipe)
    {
        yield return ("Epochs", $"{recipe.Epochs}");
        yield return ("Learning rate", Text(recipe.LearningRate));
        yield return ("Batch size", $"{recipe.BatchSize}");
        yield return ("Hidden layers", recipe.HiddenUnits.Count == 0 ? "none" : string.Join(", ", recipe.HiddenUnits));
        yield return ("Dropout", Text(recipe.Dropout));
        yield return ("Optimizer", recipe.Optimizer switch { Optimizer.Adam => "Adam", Optimizer.Sgd => $"SGD, momentum {Text(recipe.Momentum)}", _ => "RMSprop" });
        yield return ("Label smoothing", Text(recipe.LabelSmoothing));
        yield return ("Early stopping", recipe.EarlyStopping is { } stopping ? $"after {stopping.Patience} epochs" : "never");
        yield return ("Label weights", recipe.ClassWeights is null ? "all 1" : recipe.ClassWeights.Balanced ? "balanced" : $"{recipe.ClassWeights.Weights.Count} of its own");
        yield return ("Begun from", recipe.WarmStart is { } warm ? $"version {warm.Version}" : "fresh weights");
        yield return ("Seed", recipe.Seed.ToString(CultureInfo.InvariantCulture));
    }

    private static string Text(float number) => number.ToString("0.######", CultureInfo.InvariantCulture);
}
