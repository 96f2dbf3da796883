using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>Figures over examples, from what the network said about each.</summary>
internal static class EvaluationReport
{
    /// <param name="labels">In index order.</param>
    /// <param name="trueLabels">One a result.</param>
    /// <param name="results">At least one.</param>
    public static Evaluation Of(IReadOnlyList<string> labels, IReadOnlyList<int> trueLabels, IReadOnlyList<ExampleResult> results)
    {
        var (support, predicted, correct) = (new long[labels.Count], new long[labels.Count], new long[labels.Count]);
        for (var example = 0; example < results.Count; example++)
        {
            support[trueLabels[example]]++;
            predicted[results[example].Predicted]++;
            if (results[example].Rank == 0) correct[trueLabels[example]]++;
        }

        return new Evaluation
        {
            ValidationExamples = results.Count,
            Accuracy = ShareWithin(results, 1),
            Top5Accuracy = ShareWithin(results, 5),
            LogLoss = MeanLoss(results),
            Labels =
            {
                labels.Select((label, index) => new LabelEvaluation
                {
                    Label = label,
                    Precision = Ratio(correct[index], predicted[index]),
                    Recall = Ratio(correct[index], support[index]),
                    Support = support[index],
                }),
            },
        };
    }

    /// <summary>The fraction of examples whose label is among the <paramref name="places"/> most probable.</summary>
    public static float ShareWithin(IReadOnlyList<ExampleResult> results, int places) =>
        Ratio(results.Count(result => result.Rank < places), results.Count);

    public static float MeanLoss(IReadOnlyList<ExampleResult> results) => (float)(results.Sum(result => (double)result.Loss) / results.Count);

    private static float Ratio(long part, long whole) => whole == 0 ? 0 : (float)((double)part / whole);
}
