using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>What a dataset must have before a head can learn from it.</summary>
internal static class DatasetRules
{
    public const int MinLabels = 2;
    public const int MinExamplesPerLabel = 2;

    /// <exception cref="Failure">INVALID_ARGUMENT, naming the label, its count and the limit.</exception>
    public static void Check(DatasetSnapshot dataset, int dimensions, Recipe recipe, long memoryLimit)
    {
        if (dataset.Labels.Count < MinLabels)
        {
            throw Failure.InvalidInput($"dataset '{dataset.Dataset}' has {dataset.Labels.Count} label ('{dataset.Labels[0]}'); training needs at least {MinLabels}");
        }

        foreach (var count in DatasetDescription.Of(dataset).LabelCounts)
        {
            if (count.TrainingExamples + count.ValidationExamples < MinExamplesPerLabel)
            {
                throw Failure.InvalidInput($"label '{count.Label}' of dataset '{dataset.Dataset}' has 1 image; training needs at least {MinExamplesPerLabel} a label");
            }

            if (count.TrainingExamples == 0)
            {
                throw Failure.InvalidInput(
                    $"label '{count.Label}' of dataset '{dataset.Dataset}' has {count.ValidationExamples} validation images and 0 training images; training needs at least 1");
            }
        }

        LabelWeights.CheckLabels(recipe.ClassWeights, dataset.Dataset, dataset.Labels);
        if (recipe.EarlyStopping is not null && dataset.Examples.All(example => example.Split != Split.Validation))
        {
            throw Failure.InvalidInput(
                $"recipe.early_stopping watches the validation loss, but dataset '{dataset.Dataset}' has 0 validation examples; it needs at least 1");
        }

        CheckMemory(dataset, dimensions, recipe, memoryLimit);
    }

    /// <summary>Bytes of memory that a run takes beside the vectors.</summary>
    public static long WorkingBytes(DatasetSnapshot dataset, int dimensions, Recipe recipe) =>
        Trainer.WorkingBytes(dimensions, dataset.Labels.Count, recipe, dataset.Examples.Count)
        + ValidationOutputs.Bytes(dataset.Examples.Count(example => example.Split == Split.Validation), dataset.Labels.Count);

    /// <summary>The vectors may lie in a mapped file; what is touched at every step may not.</summary>
    private static void CheckMemory(DatasetSnapshot dataset, int dimensions, Recipe recipe, long limit)
    {
        var bytes = WorkingBytes(dataset, dimensions, recipe);
        if (bytes > limit)
        {
            throw Failure.InvalidInput(
                $"the weights, batches and evaluation of this recipe take {bytes:N0} bytes for the {dataset.Labels.Count:N0} labels of dataset '{dataset.Dataset}'; at most "
                + $"{limit:N0} are allowed (Training__MemoryLimit): smaller hidden_units or batch_size");
        }
    }
}
