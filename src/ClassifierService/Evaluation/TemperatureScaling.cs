namespace Topfive.ClassifierService;

/// <summary>
/// The one number that logits are divided by so that probabilities become honest, without a label changing its place:
/// Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), section 4.2.
/// </summary>
internal static class TemperatureScaling
{
    public const double Lowest = 0.05;
    public const double Highest = 20;

    private const int MostSteps = 100;
    private const double Precision = 1e-6;

    /// <returns>
    /// The temperature of the least log-loss, from <see cref="Lowest"/> to <see cref="Highest"/>; 1 when no example is
    /// wrong, since the loss then falls all the way to temperature 0 and says nothing about how sure is too sure.
    /// </returns>
    public static float Fit(ValidationOutputs outputs)
    {
        if (Array.TrueForAll(outputs.Results, result => result.Rank == 0)) return 1;

        // The loss is convex in s = 1 / temperature: its slope, Σ (mean logit − true logit), rises with s. Newton's method
        // finds where it is 0, and halves the bracket wherever a step would leave it.
        double low = 1 / Highest, high = 1 / Lowest, scale = 1;
        for (var step = 0; step < MostSteps; step++)
        {
            var (slope, curvature) = Derivatives(outputs, scale);
            if (slope > 0) high = scale;
            else low = scale;
            var next = scale - (slope / curvature);
            if (!(next > low && next < high)) next = (low + high) / 2;
            var moved = Math.Abs(next - scale);
            scale = next;
            if (moved < Precision * scale) break;
        }

        return (float)(1 / scale);
    }

    private static (double Slope, double Curvature) Derivatives(ValidationOutputs outputs, double scale)
    {
        double slope = 0, curvature = 0;
        for (var example = 0; example < outputs.Results.Length; example++)
        {
            var (_, mean, meanSquare) = outputs.Moments(example, scale);
            slope += mean - outputs.Logit(example, outputs.TrueLabels[example]);
            curvature += meanSquare - (mean * mean);
        }

        return (slope, curvature);
    }
}
