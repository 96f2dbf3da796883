using Topfive.Classifier.V1;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What each label weighs in the loss.</summary>
internal static class LabelWeights
{
    public const float Largest = 1e6f;

    /// <returns>One a label, in index order.</returns>
    public static float[] Of(ClassWeights? asked, TrainingData data)
    {
        if (asked is { Balanced: true }) return Balanced(data);
        return [.. data.Labels.Select(label => asked is not null && asked.Weights.TryGetValue(label, out var weight) ? weight : 1)];
    }

    /// <exception cref="Failure">INVALID_ARGUMENT, naming what is wrong.</exception>
    public static void Check(ClassWeights asked)
    {
        if (asked.Balanced && asked.Weights.Count > 0)
        {
            throw Failure.InvalidInput($"recipe.class_weights is balanced and names {asked.Weights.Count} weights as well: choose one");
        }

        foreach (var (label, weight) in asked.Weights)
        {
            if (weight is not (> 0 and <= Largest))
            {
                throw Failure.InvalidInput($"recipe.class_weights gives label '{label}' the weight {weight}; it must be above 0, at most {Largest:N0}");
            }
        }
    }

    /// <exception cref="Failure">INVALID_ARGUMENT: a weight is of a label that the dataset lacks.</exception>
    public static void CheckLabels(ClassWeights? asked, string dataset, IReadOnlyList<string> labels)
    {
        if (asked?.Weights.Keys.Except(labels).Order(StringComparer.Ordinal).FirstOrDefault() is { } unknown)
        {
            throw Failure.InvalidInput($"recipe.class_weights names label '{unknown}', which dataset '{dataset}' does not have");
        }
    }

    /// <summary>examples / (labels · examples of the label), of the training examples: each label weighs as much as another in sum.</summary>
    private static float[] Balanced(TrainingData data)
    {
        var counts = new double[data.Labels.Count];
        foreach (var row in data.TrainingRows) counts[data.LabelIndexes[row]]++;
        return [.. counts.Select(count => (float)(data.TrainingRows.Length / (counts.Length * count)))];
    }
}
