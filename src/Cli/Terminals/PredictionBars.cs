using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>The most probable labels as horizontal bars of text; the true label is green.</summary>
internal static class PredictionBars
{
    private const int BarWidth = 40;

    // Eighths of a character, so that 1 % still shows.
    private const string Eighths = " ▏▎▍▌▋▊▉";

    public static void Show(Terminal terminal, IReadOnlyList<Prediction> predictions, string? truth)
    {
        var labelWidth = predictions.Max(prediction => prediction.Label.Length);
        foreach (var prediction in predictions)
        {
            var line = $"  {prediction.Label.PadRight(labelWidth)}  {Bar(prediction.Probability)}  {prediction.Probability,7:P1}";
            if (prediction.Label == truth)
            {
                terminal.Say($"[green]{line}  ✓[/]");
            }
            else
            {
                terminal.Say($"{line}");
            }
        }
    }

    private static string Bar(float probability)
    {
        var eighths = (int)Math.Round(probability * BarWidth * 8);
        var bar = new string('█', eighths / 8);
        return (eighths % 8 == 0 ? bar : bar + Eighths[eighths % 8]).PadRight(BarWidth);
    }
}
