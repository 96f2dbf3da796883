using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>An image beside the horizontal bars of its most probable labels; the true label's bar is green.</summary>
internal static class PredictionFigure
{
    private const int Width = 1000;
    private const int ImageWidth = 360;
    private const int Margin = 20;
    private const int LeastHeight = 400;
    private const int BarHeight = 44;
    private const int LongestLabel = 30;

    private static readonly Color TrueLabel = Color.FromHex("#2e9e4f");
    private static readonly Color OtherLabel = Color.FromHex("#7d94b5");

    /// <param name="path">The PNG.</param>
    /// <param name="image">The encoded image.</param>
    /// <param name="name">The image's name.</param>
    /// <param name="predictions">Best first; at least one.</param>
    /// <param name="truth">The true label, if known.</param>
    public static void Save(string path, byte[] image, string name, IReadOnlyList<Prediction> predictions, string? truth)
    {
        var height = Math.Max(LeastHeight, 120 + (BarHeight * predictions.Count));
        using var canvas = new FigureCanvas(Width, height);
        canvas.Draw(image, new SKRect(Margin, Margin, ImageWidth + Margin, height - Margin));
        canvas.Draw(Bars(name, predictions, truth), new SKRect(ImageWidth + (2 * Margin), Margin / 2, Width - Margin, height - Margin));
        canvas.Save(path);
    }

    private static Plot Bars(string name, IReadOnlyList<Prediction> predictions, string? truth)
    {
        var plot = new Plot();
        var bars = plot.Add.Bars(predictions.Select((prediction, rank) => new Bar
        {
            Position = -rank,
            Value = prediction.Probability * 100,
            Size = 0.7,
            FillColor = prediction.Label == truth ? TrueLabel : OtherLabel,
            LineWidth = 0,
            ValueLabel = $" {prediction.Probability:P1}",
        }).ToArray());
        bars.Horizontal = true;
        bars.ValueLabelStyle.FontSize = 15;

        plot.Axes.Left.TickGenerator = new NumericManual(
            [.. predictions.Select((_, rank) => (double)-rank)], [.. predictions.Select(prediction => Shortened(prediction.Label))]);
        plot.Axes.Left.TickLabelStyle.FontSize = 15;
        plot.Axes.Left.MajorTickStyle.Length = 0;
        plot.Title(Shortened(name) + (truth is null ? "" : $"\nin truth: {Shortened(truth)}"), 16);
        plot.XLabel("probability (%)");
        // Room behind the longest bar for its number.
        plot.Axes.SetLimits(0, Math.Max(10, predictions[0].Probability * 100 * 1.25), 0.5 - predictions.Count, 0.5);
        plot.HideGrid();
        plot.Axes.Right.IsVisible = false;
        plot.Axes.Top.IsVisible = false;
        return plot;
    }

    private static string Shortened(string label) => label.Length <= LongestLabel ? label : label[..(LongestLabel - 1)] + "…";
}
