using Google.Protobuf.Collections;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What a run that began from an earlier version did to the labels which that one knew.</summary>
internal static class WarmStartReport
{
    /// <summary>Says nothing of a run that began from fresh weights.</summary>
    public static void Show(Terminal terminal, Run run, Finished finished)
    {
        if (run.Recipe?.WarmStart is not { } start)
        {
            return;
        }

        var lost = EvaluationRanks.Lost(finished);
        var gained = finished.LabelChanges.Count(change => change.RecallAfter > change.RecallBefore);
        var others = Names("; new", finished.NewLabels) + Names("; dropped", finished.DroppedLabels);
        terminal.Say($"Begun from version {start.Version}: of the {finished.LabelChanges.Count} labels that it knew, {lost.Length} lost recall and {gained} gained{others}");
        if (lost.Length == 0)
        {
            return;
        }

        var table = terminal.Table("lost", "recall before", "after", "images");
        foreach (var change in lost)
        {
            table.Row(change.Label, $"{change.RecallBefore:P1}", $"{change.RecallAfter:P1}", $"{change.Support:N0}");
        }

        table.Show();
    }

    private static string Names(string what, RepeatedField<string> labels) => labels.Count == 0 ? "" : $"{what}: {string.Join(", ", labels)}";
}
