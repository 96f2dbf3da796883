using SkiaSharp;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>A version's evaluation on one sheet: curves and reliability on the left, the confusion matrix beside them.</summary>
internal static class EvaluationFigure
{
    private const int CurvesWidth = 640;
    private const int LeastHeight = 1020;
    private const int GreatestHeight = 1560;
    private const int RoomPerLabel = 13;
    private const int ScaleWidth = 90;
    private const int PlotHeight = 420;
    private const int LeastMatrix = 800;

    /// <param name="path">The PNG.</param>
    /// <param name="title">What was trained.</param>
    /// <param name="epochs">In their order; none for a head whose run is not known.</param>
    /// <param name="evaluation">Whole, as GetHead and a run's last event have it.</param>
    public static void Save(string path, string title, IReadOnlyList<Epoch> epochs, Evaluation evaluation)
    {
        var height = Math.Clamp(evaluation.Labels.Count * RoomPerLabel, LeastHeight, GreatestHeight);
        using var canvas = new FigureCanvas(CurvesWidth + height + ScaleWidth, height);
        var plots = new List<ScottPlot.Plot>();
        if (epochs.Count > 0)
        {
            plots.AddRange([TrainingCurves.Loss(title, epochs), TrainingCurves.Accuracy(title, epochs)]);
        }

        plots.Add(ReliabilityDiagram.Of(evaluation));
        for (var row = 0; row < plots.Count; row++)
        {
            var top = row * height / 3f;
            canvas.Draw(plots[row], new SKRect(0, top, CurvesWidth, top + (height / 3f)));
        }

        canvas.Draw(sheet => ConfusionHeatMap.Draw(sheet, new SKRect(CurvesWidth, 0, CurvesWidth + height + ScaleWidth, height), evaluation));
        canvas.Save(path);
    }

    /// <summary>The reliability diagram alone.</summary>
    public static void SaveReliability(string path, Evaluation evaluation)
    {
        using var canvas = new FigureCanvas(CurvesWidth, PlotHeight);
        canvas.Draw(ReliabilityDiagram.Of(evaluation), new SKRect(0, 0, CurvesWidth, PlotHeight));
        canvas.Save(path);
    }

    /// <summary>The confusion matrix alone.</summary>
    public static void SaveConfusion(string path, Evaluation evaluation)
    {
        var height = Math.Clamp(evaluation.Labels.Count * RoomPerLabel, LeastMatrix, GreatestHeight);
        using var canvas = new FigureCanvas(height + ScaleWidth, height);
        canvas.Draw(sheet => ConfusionHeatMap.Draw(sheet, new SKRect(0, 0, height + ScaleWidth, height), evaluation));
        canvas.Save(path);
    }
}
