using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What of an evaluation is looked at first, on the terminal and in a report.</summary>
internal static class EvaluationRanks
{
    /// <summary>One label's images taken for another's.</summary>
    internal sealed record Pair(LabelEvaluation True, LabelEvaluation Predicted, long Count)
    {
        public double Share => (double)Count / True.Support;
    }

    /// <summary>Labels with validation images, those of the least recall first.</summary>
    public static LabelEvaluation[] WorstLabels(Evaluation evaluation) =>
        [.. evaluation.Labels.Where(label => label.Support > 0).OrderBy(label => label.Recall).ThenByDescending(label => label.Support)];

    /// <summary>The most frequent first.</summary>
    public static Pair[] ConfusedPairs(Evaluation evaluation)
    {
        if (evaluation.Confusion is not { } matrix)
        {
            return [];
        }

        return [.. Enumerable.Range(0, matrix.Counts.Count)
            .Where(entry => matrix.TrueLabels[entry] != matrix.PredictedLabels[entry])
            .Select(entry => new Pair(evaluation.Labels[matrix.TrueLabels[entry]], evaluation.Labels[matrix.PredictedLabels[entry]], matrix.Counts[entry]))
            .OrderByDescending(pair => pair.Count).ThenByDescending(pair => pair.Share)];
    }

    /// <summary>Labels that a warm start made worse, those that lost most first.</summary>
    public static LabelChange[] Lost(Finished finished) =>
        [.. finished.LabelChanges.Where(change => change.RecallAfter < change.RecallBefore)
            .OrderBy(change => change.RecallAfter - change.RecallBefore).ThenBy(change => change.Label, StringComparer.Ordinal)];
}
