using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>
/// How far confidence is from accuracy: expected calibration error over bins of equal width, and the bins, which are
/// the reliability diagram (Guo et al. 2017, section 2, equation 3; the estimator is Naeini, Cooper, Hauskrecht, AAAI 2015).
/// </summary>
internal static class CalibrationCurve
{
    public const int Bins = 15;

    /// <param name="results">Says who was right.</param>
    /// <param name="served">Says how sure the head was.</param>
    public static Calibration Of(ExampleResult[] results, ServedOutputs served)
    {
        var (examples, confidences, correct) = (new long[Bins], new double[Bins], new long[Bins]);
        for (var example = 0; example < results.Length; example++)
        {
            var bin = BinOf(served.Confidence(example));
            examples[bin]++;
            confidences[bin] += served.Confidence(example);
            if (results[example].Rank == 0) correct[bin]++;
        }

        return new Calibration
        {
            ExpectedCalibrationError = (float)(Enumerable.Range(0, Bins).Sum(bin => Math.Abs(correct[bin] - confidences[bin])) / results.Length),
            Bins =
            {
                Enumerable.Range(0, Bins).Select(bin => examples[bin] == 0 ? new CalibrationBin() : new CalibrationBin
                {
                    Examples = examples[bin],
                    Confidence = (float)(confidences[bin] / examples[bin]),
                    Accuracy = (float)((double)correct[bin] / examples[bin]),
                }),
            },
        };
    }

    /// <summary>A confidence on a boundary belongs to the bin below it.</summary>
    private static int BinOf(float confidence) => Math.Clamp((int)Math.Ceiling((double)confidence * Bins) - 1, 0, Bins - 1);
}
