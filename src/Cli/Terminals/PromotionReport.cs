using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Why a version went live or stays staged, for whoever asked for it.</summary>
internal static class PromotionReport
{
    private const int LossesShown = 10;

    /// <param name="terminal">Where to show it.</param>
    /// <param name="head">Its name.</param>
    /// <param name="version">The version that was decided about.</param>
    /// <param name="decision">Null: nothing was decided, and nothing is shown.</param>
    public static void Show(Terminal terminal, string head, long version, PromotionDecision? decision)
    {
        if (decision is null || decision.Verdict == PromotionVerdict.FirstVersion) return;
        terminal.Say($"{(decision.Promoted ? "Promoted" : "Not promoted")}: {decision.Reason}");
        if (decision is { Live: { } live, Candidate: { } candidate })
        {
            terminal.Say($"On the same {decision.ValidationExamples:N0} validation images:");
            Row(terminal, $"version {version}", candidate);
            Row(terminal, $"version {decision.LiveVersion} (live)", live);
        }

        foreach (var loss in decision.Losses.Take(LossesShown))
        {
            var of = loss.Support == 0 ? "the new version lacks it" : $"recall {loss.CandidateRecall:P1} after {loss.LiveRecall:P1}, of {loss.Support:N0}";
            terminal.Say($"  {(loss.Lost ? "lost  " : "fewer ")} {loss.Label}: {of}");
        }

        if (decision.LabelsWithLosses > LossesShown) terminal.Say($"  and {decision.LabelsWithLosses - LossesShown:N0} labels more");
        if (!decision.Promoted) terminal.Say($"It can be made live by hand: topfive promote {head} {version}");
    }

    /// <summary>What changed the live version.</summary>
    public static string Cause(PromotionCause cause) => cause switch
    {
        PromotionCause.RunEnded => "a run",
        PromotionCause.HeadImported => "an import",
        PromotionCause.Promoted => "promote",
        PromotionCause.RolledBack => "rollback",
        PromotionCause.HeadDeleted => "delete",
        _ => "",
    };

    private static void Row(Terminal terminal, string version, PromotionFigures figures) =>
        terminal.Say($"  {version,-20} top-1 {figures.Accuracy:P1}, top-5 {figures.Top5Accuracy:P1}, log-loss {figures.LogLoss:F3}");
}
