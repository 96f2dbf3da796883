using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The surest mistakes, and the training images that they rest on.</summary>
internal static class EvidenceSection
{
    public static void Write(MarkdownPage page, HeadReport report, string? mistakes)
    {
        page.Section($"Evidence");
        if (report.Evidence.Count == 0)
        {
            page.Say($"There are no mistakes to explain.");
            return;
        }

        page.Say($"The validation images that are wrong with the highest probability, and the training images whose vectors lie nearest to each:");
        if (report.NoEvidence is { } reason)
        {
            page.Say($"The nearest training images cannot be shown: {reason}");
        }

        if (report.DatasetChanged)
        {
            page.Say($"The dataset has changed since the version was trained: they are of what it holds now.");
        }

        page.Table(["image", "label", "said", ">probability", "nearest: label, cosine, image"], report.Evidence.Select(Cells));
        if (mistakes is not null)
        {
            page.Figure(mistakes, "The same mistakes and their nearest training images");
        }
    }

    private static string[] Cells(Evidence evidence) =>
    [
        ReportWriter.Hash(evidence.Mistake.ImageHash), evidence.Mistake.Label, evidence.Mistake.Predicted, evidence.Mistake.Probability.ToString("P1", CultureInfo.InvariantCulture),
        string.Join("; ", evidence.Nearest.Select(neighbor => string.Create(
            CultureInfo.InvariantCulture, $"{neighbor.Label}, {neighbor.Cosine:F3}, {ReportWriter.Hash(neighbor.ImageHash)}"))),
    ];
}
