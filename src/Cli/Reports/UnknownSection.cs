using System.Globalization;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How a version, and those beside it, tell images that are of none of their labels.</summary>
internal static class UnknownSection
{
    public static void Write(MarkdownPage page, HeadReport report)
    {
        page.Section($"Unknown");
        if (report.Head.Unknown is not { } detection)
        {
            page.Say($"It cannot tell unknown images: it was imported without a detector, or trained without validation images.");
            return;
        }

        page.Say($"Asked for it, it calls an image unknown whose vector lies further than {detection.Threshold:F1} from every training class (Mahalanobis distance). That threshold was chosen so that {detection.FalseRejectRate:P1} of the {detection.ValidationExamples:N0} validation images lie beyond it.");
        var measured = report.Versions.Where(version => version.Unknown?.Measured is not null).ToList();
        if (measured.Count == 0)
        {
            page.Say($"How many really unknown images that finds was not measured: train with `--outliers DATASET` to have it measured.");
            return;
        }

        page.Say($"Measured on images of none of the version's labels, against its validation images (area under the ROC curve: 0.5 is a coin, 1 never wrong):");
        page.Table(
            ["version", "images from", ">images", ">AUROC of the distance", ">of the largest probability", ">called unknown"],
            measured.Select(version => Cells(version, version.Unknown.Measured)));
        if (detection.Measured is null)
        {
            page.Say($"Not measured for version {report.Head.Version} itself: its run named no outliers.");
        }
    }

    private static string[] Cells(Head version, OutlierMeasurement measured) =>
    [
        $"{version.Version}", measured.Dataset, measured.Outliers.ToString("N0", CultureInfo.InvariantCulture), measured.Auroc.ToString("F3", CultureInfo.InvariantCulture),
        measured.MaxSoftmaxAuroc.ToString("F3", CultureInfo.InvariantCulture), measured.Detected.ToString("P1", CultureInfo.InvariantCulture),
    ];
}
