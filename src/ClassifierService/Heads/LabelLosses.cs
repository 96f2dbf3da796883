using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>Which labels the live version names right more often than the new one.</summary>
internal static class LabelLosses
{
    /// <param name="data">The examples and labels that both answered.</param>
    /// <param name="liveLabels">All that the live version knows.</param>
    /// <param name="before">Right answers of the live version, by label of the data.</param>
    /// <param name="after">Right answers of the new one.</param>
    /// <param name="allowed">Fraction of its recall that a label may lose.</param>
    /// <returns>Those that lost any, the worst first.</returns>
    public static List<LabelLoss> Of(TrainingData data, IReadOnlyList<string> liveLabels, int[] before, int[] after, float allowed)
    {
        var support = new int[data.Labels.Count];
        foreach (var row in data.ValidationRows) support[data.LabelIndexes[row]]++;

        var measured = data.Labels.Index().Where(label => after[label.Index] < before[label.Index]).Select(label => new LabelLoss
        {
            Label = label.Item,
            Support = support[label.Index],
            LiveRecall = (float)before[label.Index] / support[label.Index],
            CandidateRecall = (float)after[label.Index] / support[label.Index],
            Lost = before[label.Index] - after[label.Index] > MayLose(support[label.Index], allowed),
        });
        var lacking = liveLabels.Except(data.Labels, StringComparer.Ordinal).Select(label => new LabelLoss { Label = label, LiveRecall = 1, Lost = allowed < 1 });
        return [.. lacking.Concat(measured)
            .OrderByDescending(loss => loss.Lost)
            .ThenByDescending(loss => loss.LiveRecall - loss.CandidateRecall)
            .ThenBy(loss => loss.Label, StringComparer.Ordinal)];
    }

    /// <summary>One example is no evidence, however large a fraction of its label it is.</summary>
    private static double MayLose(int support, float allowed) => allowed == 0 ? 0 : Math.Max(1, (double)allowed * support);
}
