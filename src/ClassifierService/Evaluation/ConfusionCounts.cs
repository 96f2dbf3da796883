using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>Who was taken for whom.</summary>
internal static class ConfusionCounts
{
    /// <summary>A thousand labels' matrix has a million places; an evaluation is stored and sent as one message.</summary>
    public const int MostEntries = 65_536;

    public static ConfusionMatrix Matrix(ValidationOutputs outputs)
    {
        var counts = new Dictionary<(int True, int Predicted), long>();
        for (var example = 0; example < outputs.Results.Length; example++)
        {
            var place = (outputs.TrueLabels[example], outputs.Results[example].Predicted);
            counts[place] = counts.GetValueOrDefault(place) + 1;
        }

        var kept = counts.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key).Take(MostEntries).OrderBy(entry => entry.Key).ToList();
        return new ConfusionMatrix
        {
            TrueLabels = { kept.Select(entry => entry.Key.True) },
            PredictedLabels = { kept.Select(entry => entry.Key.Predicted) },
            Counts = { kept.Select(entry => entry.Value) },
            OmittedExamples = outputs.Results.Length - kept.Sum(entry => entry.Value),
        };
    }

    /// <summary>Precision, recall and support, in label order.</summary>
    public static IEnumerable<LabelEvaluation> ByLabel(IReadOnlyList<string> labels, ValidationOutputs outputs)
    {
        var (support, predicted, correct) = (new long[labels.Count], new long[labels.Count], new long[labels.Count]);
        for (var example = 0; example < outputs.Results.Length; example++)
        {
            support[outputs.TrueLabels[example]]++;
            predicted[outputs.Results[example].Predicted]++;
            if (outputs.Results[example].Rank == 0) correct[outputs.TrueLabels[example]]++;
        }

        return labels.Select((label, index) => new LabelEvaluation
        {
            Label = label,
            Precision = Ratio(correct[index], predicted[index]),
            Recall = Ratio(correct[index], support[index]),
            Support = support[index],
            Predicted = predicted[index],
        });
    }

    private static float Ratio(long part, long whole) => whole == 0 ? 0 : (float)((double)part / whole);
}
