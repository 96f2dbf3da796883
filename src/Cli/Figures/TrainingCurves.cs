using ScottPlot;
using ScottPlot.TickGenerators;
using SkiaSharp;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>Loss and accuracy by epoch, training beside validation.</summary>
internal static class TrainingCurves
{
    private const int Width = 1200;
    private const int Height = 500;

    /// <param name="path">The PNG.</param>
    /// <param name="title">What was trained.</param>
    /// <param name="epochs">In their order; at least one.</param>
    public static void Save(string path, string title, IReadOnlyList<Epoch> epochs)
    {
        using var canvas = new FigureCanvas(Width, Height);
        canvas.Draw(Loss(title, epochs), new SKRect(0, 0, Width / 2, Height));
        canvas.Draw(Accuracy(title, epochs), new SKRect(Width / 2, 0, Width, Height));
        canvas.Save(path);
    }

    public static Plot Loss(string title, IReadOnlyList<Epoch> epochs)
    {
        var loss = new Plot();
        AddLine(loss, "loss", Colors.C0, epochs, epoch => epoch.Loss);
        AddLine(loss, "val_loss", Colors.C1, Validated(epochs), epoch => epoch.ValLoss);
        Finish(loss, $"{title}: loss", "categorical cross-entropy (nats)", epochs.Count);
        loss.Legend.Alignment = Alignment.UpperRight;
        return loss;
    }

    public static Plot Accuracy(string title, IReadOnlyList<Epoch> epochs)
    {
        var accuracy = new Plot();
        AddLine(accuracy, "accuracy", Colors.C0, epochs, epoch => epoch.Accuracy);
        AddLine(accuracy, "val_accuracy", Colors.C1, Validated(epochs), epoch => epoch.ValAccuracy);
        AddLine(accuracy, "val_top5_accuracy", Colors.C2, Validated(epochs), epoch => epoch.ValTop5Accuracy);
        Finish(accuracy, $"{title}: accuracy", "fraction of examples", epochs.Count);
        accuracy.Axes.SetLimitsY(0, 1.02);
        accuracy.Legend.Alignment = Alignment.LowerRight;
        return accuracy;
    }

    private static Epoch[] Validated(IReadOnlyList<Epoch> epochs) => [.. epochs.Where(epoch => epoch.HasValLoss)];

    private static void AddLine(Plot plot, string name, Color color, IReadOnlyList<Epoch> epochs, Func<Epoch, float> value)
    {
        if (epochs.Count == 0)
        {
            return;
        }

        var line = plot.Add.Scatter(
            epochs.Select(epoch => (double)epoch.Epoch_).ToArray(), epochs.Select(epoch => (double)value(epoch)).ToArray(), color);
        line.LegendText = name;
        line.LineWidth = 2;
        line.MarkerSize = epochs.Count > 60 ? 0 : 5;
    }

    private static void Finish(Plot plot, string title, string quantity, int epochs)
    {
        plot.Title(title);
        plot.XLabel("epoch");
        plot.YLabel(quantity);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
        plot.Axes.SetLimitsX(0.5, epochs + 0.5);
        plot.ShowLegend();
    }
}
