using System.Globalization;
using Google.Protobuf.Collections;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What a warm start did to the labels that the version before knew.</summary>
internal static class GrowingSection
{
    private const int Rows = 10;

    public static void Write(MarkdownPage page, HeadReport report)
    {
        page.Section($"Growing");
        if (report.Head.Recipe?.WarmStart is not { } start)
        {
            page.Say($"It began from fresh weights, not from an earlier version.");
            return;
        }

        if (report.Result?.Finished is not { } finished)
        {
            page.Say($"It began from the weights of version {start.Version}; its run is not known any more.");
            return;
        }

        var (lost, gained) = (EvaluationRanks.Lost(finished), finished.LabelChanges.Count(change => change.RecallAfter > change.RecallBefore));
        page.Say($"It began from the weights of version {start.Version}, and no image was extracted again. New labels: {Names(finished.NewLabels)}. Dropped: {Names(finished.DroppedLabels)}.");
        if (finished.LabelChanges.Count == 0)
        {
            return;
        }

        page.Say($"Of the {finished.LabelChanges.Count} labels that it knew, {lost.Length} lost recall and {gained} gained; over their {finished.LabelChanges.Sum(change => change.Support):N0} validation images together, recall went from {Mean(finished, change => change.RecallBefore):P1} to {Mean(finished, change => change.RecallAfter):P1}. Before, it could not take them for a new label.");
        page.Table(
            ["label that lost", ">images", ">recall before", ">after"],
            lost.Take(Rows).Select(change => new[] { change.Label, $"{change.Support}", Percent(change.RecallBefore), Percent(change.RecallAfter) }));
        if (lost.Length > Rows)
        {
            page.Say($"and {lost.Length - Rows} labels more.");
        }
    }

    private static double Mean(Finished finished, Func<LabelChange, float> recall) =>
        finished.LabelChanges.Sum(change => change.Support * (double)recall(change)) / Math.Max(1, finished.LabelChanges.Sum(change => change.Support));

    private static string Names(RepeatedField<string> labels) => labels.Count == 0 ? "none" : string.Join(", ", labels);

    private static string Percent(float fraction) => fraction.ToString("P1", CultureInfo.InvariantCulture);
}
