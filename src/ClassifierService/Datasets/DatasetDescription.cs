using Topfive.Classifier.V1;
using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>A dataset in numbers.</summary>
internal static class DatasetDescription
{
    public static Dataset Of(DatasetSnapshot snapshot)
    {
        var counts = snapshot.Labels.ToDictionary(label => label, label => new LabelCount { Label = label }, StringComparer.Ordinal);
        foreach (var example in snapshot.Examples)
        {
            if (example.Split == Split.Validation) counts[example.Label].ValidationExamples++;
            else counts[example.Label].TrainingExamples++;
        }

        return new Dataset
        {
            Dataset_ = snapshot.Dataset,
            Labels = { snapshot.Labels },
            Examples = snapshot.Examples.Count,
            TrainingExamples = counts.Values.Sum(count => count.TrainingExamples),
            ValidationExamples = counts.Values.Sum(count => count.ValidationExamples),
            Digest = snapshot.Digest,
            AugmentedCopies = snapshot.Examples.Count(example => example.Copy > 0),
            LabelCounts = { snapshot.Labels.Select(label => counts[label]) },
        };
    }
}
