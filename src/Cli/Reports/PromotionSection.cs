using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Whether a version went live by itself, and every change of what is live.</summary>
internal static class PromotionSection
{
    private const int LossesShown = 8;
    private const int ChangesShown = 20;

    public static void Write(MarkdownPage page, HeadReport report)
    {
        page.Section($"Promotion");
        if (report.Head.PromotionDecision is { } decision)
        {
            WriteDecision(page, report.Head, decision);
        }
        else
        {
            page.Say($"It was not asked to go live by itself.");
        }

        page.Part($"What was live");
        page.Table(
            ["when", ">from", ">to", "by", "who", "why"],
            report.Promotions.Take(ChangesShown).Select(change => new[]
            {
                ReportWriter.Time(change.Time), Version(change.FromVersion), Version(change.ToVersion), PromotionReport.Cause(change.Cause), change.Caller.Name() ?? "", change.Reason,
            }));
    }

    private static void WriteDecision(MarkdownPage page, Head head, PromotionDecision decision)
    {
        page.Say($"{(decision.Promoted ? "Went live by itself" : "Stayed staged")} ({RpcMessage.Name(decision.Verdict)}): {decision.Reason}.");
        if (decision is { Live: { } live, Candidate: { } candidate })
        {
            page.Say($"Both as served, on the same {decision.ValidationExamples:N0} validation images; a label that a version does not know counts as wrong:");
            page.Table(["", ">top-1", ">top-5", ">log-loss"], [Figures($"version {head.Version}", candidate), Figures($"version {decision.LiveVersion}, live then", live)]);
        }

        if (decision.Losses.Count == 0)
        {
            return;
        }

        page.Say($"{decision.LabelsWithLosses} labels have fewer right answers, {decision.LabelsLost} of them by more than {decision.Rule.MaxRecallLoss:0.##} of their images:");
        page.Table(
            ["label", ">images", ">recall before", ">after", ""],
            decision.Losses.Take(LossesShown).Select(loss => new[]
            {
                loss.Label, $"{loss.Support}", Percent(loss.LiveRecall), loss.Support == 0 ? "lacks it" : Percent(loss.CandidateRecall), loss.Lost ? "more than allowed" : "",
            }));
    }

    private static string[] Figures(string version, PromotionFigures figures) =>
        [version, Percent(figures.Accuracy), Percent(figures.Top5Accuracy), figures.LogLoss.ToString("F3", CultureInfo.InvariantCulture)];

    private static string Version(long version) => version == 0 ? "none" : $"{version}";

    private static string Percent(float fraction) => fraction.ToString("P1", CultureInfo.InvariantCulture);
}
