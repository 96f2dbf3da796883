using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>What a version does on its validation images.</summary>
internal static class EvaluationSection
{
    private const int Rows = 8;

    public static void Write(MarkdownPage page, Evaluation? evaluation, string? reliability, string? confusion)
    {
        page.Section($"Evaluation");
        if (evaluation is not { ValidationExamples: > 0 })
        {
            page.Say($"None: there were no validation images.");
            return;
        }

        WriteFigures(page, evaluation);
        if (reliability is not null)
        {
            page.Figure(reliability, "Accuracy by confidence, before and after the temperature");
        }

        WriteLabels(page, evaluation);
        WritePairs(page, evaluation);
        if (confusion is not null)
        {
            page.Figure(confusion, "Confusion matrix");
        }

        WriteSuspects(page, evaluation);
    }

    private static void WriteFigures(MarkdownPage page, Evaluation evaluation)
    {
        page.Say($"On {evaluation.ValidationExamples:N0} validation images of {evaluation.Labels.Count(label => label.Support > 0)} labels:");
        var (trained, served) = (evaluation.Calibration, evaluation.CalibrationServed);
        page.Table(
            ["", ">as trained", Invariant($">as served, at temperature {evaluation.Temperature:F3}")],
            [
                ["top-1 accuracy", Percent(evaluation.Accuracy), "the same"],
                ["top-5 accuracy", Percent(evaluation.Top5Accuracy), "the same"],
                ["log-loss", $"{Number(evaluation.LogLoss)}", Number(evaluation.CalibratedLogLoss)],
                ["expected calibration error", Percent(trained?.ExpectedCalibrationError), Percent(served?.ExpectedCalibrationError)],
            ]);
    }

    private static void WriteLabels(MarkdownPage page, Evaluation evaluation)
    {
        var worst = EvaluationRanks.WorstLabels(evaluation);
        page.Part($"Labels");
        if (worst.Length <= 2 * Rows)
        {
            page.Say($"The best recall first.");
            page.Table(Columns, worst.Reverse().Select(Cells));
            return;
        }

        page.Say($"The {Rows} of the best recall, and the {Rows} of the least, of {worst.Length}:");
        page.Table(Columns, [.. worst.Reverse().Take(Rows).Select(Cells), ["…", "", "", "", ""], .. worst.Take(Rows).Reverse().Select(Cells)]);
    }

    private static readonly string[] Columns = ["label", ">images", ">recall", ">precision", ">predicted"];

    private static string[] Cells(LabelEvaluation label) =>
        [label.Label, Invariant($"{label.Support:N0}"), Percent(label.Recall), label.Predicted == 0 ? "" : Percent(label.Precision), Invariant($"{label.Predicted:N0}")];

    private static void WritePairs(MarkdownPage page, Evaluation evaluation)
    {
        var pairs = EvaluationRanks.ConfusedPairs(evaluation);
        if (pairs.Length == 0)
        {
            return;
        }

        page.Part($"Most often confused");
        page.Table(
            ["true label", "taken for", ">images", ">of the label"],
            pairs.Take(Rows).Select(pair => new[] { pair.True.Label, pair.Predicted.Label, Invariant($"{pair.Count:N0}"), Percent((float)pair.Share) }));
    }

    private static void WriteSuspects(MarkdownPage page, Evaluation evaluation)
    {
        page.Part($"Suspected label errors");
        page.Say($"{LabelErrorWords.Of(evaluation)}");
        page.Table(
            ["image", "label", "looks like", ">probability", ">of its label"],
            evaluation.SuspectedLabelErrors.Take(Rows).Select(suspect => new[]
            {
                ReportWriter.Hash(suspect.ImageHash), suspect.Label, suspect.Predicted, Percent(suspect.Probability), Percent(suspect.LabelProbability),
            }));
    }

    private static string Percent(float? fraction) => fraction is { } value ? value.ToString("P1", CultureInfo.InvariantCulture) : "";

    private static string Number(float value) => value.ToString("F3", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
