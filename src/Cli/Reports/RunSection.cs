using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The run that made a version, and the versions beside it.</summary>
internal static class RunSection
{
    public static void Write(MarkdownPage page, HeadReport report, string? curves)
    {
        page.Section($"Runs");
        if (report.Run is { } run)
        {
            page.Say($"Run {run.RunId} was asked for {ReportWriter.Time(run.Created)} by {Who(run)}, waited {Seconds(run.Created, run.Started)} and took {Seconds(run.Started, run.Ended)} from its first vector to its version.");
        }

        if (curves is not null)
        {
            page.Figure(curves, "Loss and accuracy by epoch");
        }

        page.Table(
            ["version", "", ">labels", ">top-1", ">top-5", ">log-loss", "from", "made"],
            report.Versions.Select(version => new[]
            {
                version.Version == report.Head.Version ? $"{version.Version} (this one)" : $"{version.Version}", version.Live ? "live" : "", $"{version.Labels.Count}",
                Percent(version.Evaluation?.Accuracy), Percent(version.Evaluation?.Top5Accuracy), Loss(version.Evaluation), version.RunId.Length == 0 ? "an import" : version.Dataset, ReportWriter.Time(version.Created),
            }));
        page.Say($"Each version's figures are of its own run's validation images.");
    }

    private static string Who(Run run) => run.Caller.Name() ?? "somebody who did not say";

    private static string Percent(float? fraction) => fraction is { } value ? value.ToString("P1", CultureInfo.InvariantCulture) : "";

    private static string Loss(Evaluation? evaluation) => evaluation is null ? "" : evaluation.CalibratedLogLoss.ToString("F3", CultureInfo.InvariantCulture);

    private static string Seconds(Google.Protobuf.WellKnownTypes.Timestamp? from, Google.Protobuf.WellKnownTypes.Timestamp? to) =>
        from is null || to is null ? "some time" : string.Create(CultureInfo.InvariantCulture, $"{(to - from).ToTimeSpan().TotalSeconds:0.0} s");
}
