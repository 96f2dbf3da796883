using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>How a version tells that an image is like nothing it was trained on, and how well.</summary>
internal static class UnknownLines
{
    /// <summary>Says nothing of a version without a detector.</summary>
    public static void Show(Terminal terminal, UnknownDetection? detection)
    {
        if (detection is null)
        {
            return;
        }

        terminal.Say($"Unknown beyond a distance of {detection.Threshold:F1}, as {detection.FalseRejectRate:P1} of {detection.ValidationExamples:N0} validation images are");
        if (detection.Measured is { } measured)
        {
            terminal.Say($"Measured on {measured.Outliers:N0} images of \"{measured.Dataset}\" that are of no label: AUROC {measured.Auroc:F3} (by the most probable label's probability {measured.MaxSoftmaxAuroc:F3}), {measured.Detected:P1} of them beyond");
        }
    }
}
