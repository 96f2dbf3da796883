using Topfive.Backbones;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>What the labels of the head before lost or won by a warm start, on one and the same validation set.</summary>
internal static class LabelChanges
{
    /// <param name="previous">What the run began from.</param>
    /// <param name="data">What it learnt from.</param>
    /// <param name="evaluation">Of what it has become; null without validation examples.</param>
    /// <param name="threads">How many threads to use.</param>
    /// <returns>The part of a run's end that tells of them.</returns>
    public static Finished Of(DenseHead previous, TrainingData data, Evaluation? evaluation, int threads)
    {
        var told = new Finished { NewLabels = { data.Labels.Except(previous.Labels) }, DroppedLabels = { previous.Labels.Except(data.Labels) } };
        if (evaluation is null) return told;

        var recalls = Recalls(previous, data, threads);
        told.LabelChanges.Add(evaluation.Labels.Where(label => recalls.ContainsKey(label.Label)).Select(label => new LabelChange
        {
            Label = label.Label,
            Support = label.Support,
            RecallBefore = recalls[label.Label],
            RecallAfter = label.Recall,
        }));
        return told;
    }

    /// <summary>Recall of the head before, of each label that it knows and that has validation examples.</summary>
    private static Dictionary<string, float> Recalls(DenseHead previous, TrainingData data, int threads)
    {
        int[] known = [.. data.Labels.Select(label => previous.Labels.IndexOf(label))];
        int[] rows = [.. data.ValidationRows.Where(row => known[data.LabelIndexes[row]] >= 0)];
        using var network = new TrainingNetwork(previous);
        using var evaluator = new NetworkEvaluator(network, threads);
        var asBefore = data with { Labels = previous.Labels, LabelIndexes = [.. data.LabelIndexes.Select(label => Math.Max(0, known[label]))] };
        return rows.Zip(evaluator.Evaluate(asBefore, rows), (row, result) => (Label: data.Labels[data.LabelIndexes[row]], Right: result.Rank == 0))
            .GroupBy(example => example.Label, StringComparer.Ordinal)
            .ToDictionary(label => label.Key, label => (float)label.Average(example => example.Right ? 1.0 : 0), StringComparer.Ordinal);
    }
}
