using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>Figures over validation examples, from what the network said about each.</summary>
internal static class EvaluationReport
{
    public static Evaluation Of(TrainingData data, ValidationOutputs outputs)
    {
        var results = outputs.Results;
        var temperature = TemperatureScaling.Fit(outputs);
        var (trained, served) = (new ServedOutputs(outputs, 1), new ServedOutputs(outputs, temperature));
        var suspects = ConfidentLearning.Find(data, outputs, served);
        var evidence = ConfidentLearning.Worth(suspects.Count, results.Length);
        return new Evaluation
        {
            ValidationExamples = results.Length,
            Accuracy = ShareWithin(results, 1),
            Top5Accuracy = ShareWithin(results, 5),
            LogLoss = trained.LogLoss,
            Labels = { ConfusionCounts.ByLabel(data.Labels, outputs) },
            Confusion = ConfusionCounts.Matrix(outputs),
            Temperature = temperature,
            CalibratedLogLoss = served.LogLoss,
            Calibration = CalibrationCurve.Of(results, trained),
            CalibrationServed = CalibrationCurve.Of(results, served),
            ConfidentMistakes = { ConfidentMistakes.Find(data, outputs, served) },
            SuspectedLabelErrors = { suspects.Take(evidence == LabelErrorEvidence.HeadTooWeak ? ConfidentLearning.MostReportedOfWeak : ConfidentLearning.MostReported) },
            SuspectedLabelErrorsFound = suspects.Count,
            LabelErrorEvidence = evidence,
        };
    }

    /// <summary>The fraction of examples whose label is among the <paramref name="places"/> most probable.</summary>
    public static float ShareWithin(IReadOnlyList<ExampleResult> results, int places) =>
        (float)((double)results.Count(result => result.Rank < places) / results.Count);
}
