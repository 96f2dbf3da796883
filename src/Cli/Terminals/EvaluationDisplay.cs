using Google.Protobuf.Collections;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>A version's evaluation on the terminal: the figures, then the first rows of each list.</summary>
internal static class EvaluationDisplay
{
    /// <param name="terminal">Where to show it.</param>
    /// <param name="evaluation">Null or empty: there were no validation examples.</param>
    /// <param name="rows">So many of each list.</param>
    public static void Show(Terminal terminal, Evaluation? evaluation, int rows)
    {
        if (evaluation is not { ValidationExamples: > 0 })
        {
            terminal.Say($"No evaluation: the dataset had no validation images.");
            return;
        }

        ShowFigures(terminal, evaluation);
        ShowLabels(terminal, evaluation, rows);
        ShowConfusions(terminal, evaluation, rows);
        ShowMistakes(terminal, "Surest mistakes", evaluation.ConfidentMistakes, evaluation.ConfidentMistakes.Count, rows);
        ShowMistakes(terminal, "Suspected label errors", evaluation.SuspectedLabelErrors, evaluation.SuspectedLabelErrorsFound, rows, LabelErrorWords.Of(evaluation));
    }

    private static void ShowFigures(Terminal terminal, Evaluation evaluation)
    {
        Head(terminal, $"On {evaluation.ValidationExamples:N0} validation images of {evaluation.Labels.Count(label => label.Support > 0):N0} labels");
        terminal.Say($"  top-1 accuracy      {evaluation.Accuracy,8:P1}");
        terminal.Say($"  top-5 accuracy      {evaluation.Top5Accuracy,8:P1}");
        if (evaluation.Calibration is not { } trained || evaluation.CalibrationServed is not { } served)
        {
            terminal.Say($"  log-loss            {evaluation.LogLoss,8:F3}");
            return;
        }

        terminal.Say($"  log-loss            {evaluation.CalibratedLogLoss,8:F3}  as served; {evaluation.LogLoss:F3} as trained");
        terminal.Say($"  calibration error   {served.ExpectedCalibrationError,8:P1}  as served; {trained.ExpectedCalibrationError:P1} as trained");
        terminal.Say($"  temperature         {evaluation.Temperature,8:F3}");
    }

    private static void ShowLabels(Terminal terminal, Evaluation evaluation, int rows)
    {
        var worst = EvaluationRanks.WorstLabels(evaluation);
        Head(terminal, $"Labels, the least recall first ({Shown(worst.Length, rows, worst.Length)})");
        var table = terminal.Table("label", "images", "recall", "precision", "predicted");
        foreach (var label in worst.Take(rows))
        {
            // Versions made before predictions were counted say 0 everywhere.
            table.Row(label.Label, $"{label.Support:N0}", $"{label.Recall:P1}", $"{label.Precision:P1}", $"{label.Predicted:N0}");
        }

        table.Show();
    }

    private static void ShowConfusions(Terminal terminal, Evaluation evaluation, int rows)
    {
        var pairs = EvaluationRanks.ConfusedPairs(evaluation);
        if (pairs.Length == 0)
        {
            return;
        }

        Head(terminal, $"Most often confused ({Shown(pairs.Length, rows, pairs.Length)} pairs)");
        var table = terminal.Table("true label", "taken for", "images", "of the label");
        foreach (var pair in pairs.Take(rows))
        {
            table.Row(pair.True.Label, pair.Predicted.Label, $"{pair.Count:N0}", $"{pair.Share:P1}");
        }

        table.Show();
    }

    private static void ShowMistakes(Terminal terminal, string title, RepeatedField<Mistake> mistakes, long found, int rows, string? about = null)
    {
        if (mistakes.Count == 0)
        {
            return;
        }

        Head(terminal, $"{title} ({Shown(mistakes.Count, rows, found)})");
        if (about is not null)
        {
            terminal.Say($"  {about}");
        }

        var table = terminal.Table("image", "label", "looks like", "probability", "of its label");
        foreach (var mistake in mistakes.Take(rows))
        {
            table.Row(
                Convert.ToHexStringLower(mistake.ImageHash.Span), mistake.Label, mistake.Predicted, $"{mistake.Probability:P1}", $"{mistake.LabelProbability:P1}");
        }

        table.Show();
    }

    private static string Shown(int there, int rows, long found) =>
        there <= rows && there == found ? $"{found:N0}" : $"{Math.Min(there, rows):N0} of {found:N0}";

    private static void Head(Terminal terminal, FormattableString text)
    {
        terminal.Say($"");
        terminal.Say(text);
    }
}
