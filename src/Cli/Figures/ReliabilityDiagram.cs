using ScottPlot;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// Accuracy by confidence, as trained and as served, beside the diagonal of a head that is right as often as it says; bars
/// show where the served confidences lie.
/// </summary>
internal static class ReliabilityDiagram
{
    public static Plot Of(Evaluation evaluation)
    {
        var plot = new Plot();
        AddShares(plot, evaluation.CalibrationServed);
        var diagonal = plot.Add.Line(0, 0, 1, 1);
        (diagonal.LineColor, diagonal.LinePattern, diagonal.LineWidth) = (Colors.Gray, LinePattern.Dashed, 1);
        AddLine(plot, $"as trained: error {evaluation.Calibration.ExpectedCalibrationError:P1}", Colors.C1, evaluation.Calibration);
        AddLine(
            plot, $"as served (T = {evaluation.Temperature:F2}): error {evaluation.CalibrationServed.ExpectedCalibrationError:P1}",
            Colors.C0, evaluation.CalibrationServed);
        plot.Title("Reliability");
        plot.XLabel("probability of the predicted label");
        plot.YLabel("share that is right");
        plot.Axes.SetLimits(0, 1, 0, 1.02);
        plot.ShowLegend(Alignment.UpperLeft);
        return plot;
    }

    private static void AddLine(Plot plot, string name, Color color, Calibration calibration)
    {
        var bins = calibration.Bins.Where(bin => bin.Examples > 0).ToArray();
        var line = plot.Add.Scatter(
            bins.Select(bin => (double)bin.Confidence).ToArray(), bins.Select(bin => (double)bin.Accuracy).ToArray(), color);
        (line.LegendText, line.LineWidth, line.MarkerSize) = (name, 2, 7);
    }

    private static void AddShares(Plot plot, Calibration calibration)
    {
        var (count, all) = (calibration.Bins.Count, calibration.Bins.Sum(bin => bin.Examples));
        var bars = plot.Add.Bars(calibration.Bins.Select((bin, index) => new Bar
        {
            Position = (index + 0.5) / count,
            Value = (double)bin.Examples / all,
            Size = 0.9 / count,
            FillColor = Colors.C0.WithAlpha(0.18),
            LineWidth = 0,
        }).ToArray());
        bars.LegendText = "share of the images, as served";
    }
}
