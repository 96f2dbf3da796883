using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli.Tests;

/// <summary>An evaluation as a run's last event has it, with made-up figures that hang together.</summary>
internal static class SomeEvaluation
{
    public static Evaluation Of(int labels)
    {
        var random = new Random(labels);
        var evaluation = new Evaluation
        {
            Accuracy = 0.71f,
            Top5Accuracy = 0.93f,
            LogLoss = 1.234f,
            CalibratedLogLoss = 1.111f,
            Temperature = 1.43f,
            Calibration = Calibration(random, -0.15),
            CalibrationServed = Calibration(random, 0),
            Confusion = new ConfusionMatrix(),
            SuspectedLabelErrorsFound = 37,
        };
        var predicted = new long[labels];
        for (var label = 0; label < labels; label++)
        {
            // One label has no images.
            var support = label == 3 ? 0 : 20 + random.Next(20);
            var right = (long)(support * (0.4 + (0.5 * random.NextDouble())));
            var others = Enumerable.Range(0, 4).Select(_ => random.Next(labels)).Where(other => other != label).Distinct().Order().ToArray();
            foreach (var column in others.Append(label).Order())
            {
                var count = column == label ? right : (support - right) / Math.Max(1, others.Length);
                if (count == 0)
                {
                    continue;
                }

                evaluation.Confusion.TrueLabels.Add(label);
                evaluation.Confusion.PredictedLabels.Add(column);
                evaluation.Confusion.Counts.Add(count);
                predicted[column] += count;
            }

            evaluation.Labels.Add(new LabelEvaluation
            {
                Label = label % 7 == 0 ? $"a label of many words, number {label}" : $"animal-{label}",
                Support = support,
                Recall = support == 0 ? 0 : (float)right / support,
                Precision = 0.5f,
            });
        }

        for (var label = 0; label < labels; label++)
        {
            evaluation.Labels[label].Predicted = predicted[label];
        }

        evaluation.ValidationExamples = evaluation.Labels.Sum(label => label.Support);
        evaluation.ConfidentMistakes.Add(Mistake(0xA1, 0.98f));
        evaluation.ConfidentMistakes.Add(Mistake(0xA2, 0.91f));
        evaluation.SuspectedLabelErrors.Add(Mistake(0xA2, 0.91f));
        return evaluation;
    }

    public static Epoch[] Epochs => [.. Enumerable.Range(1, 40).Select(epoch => new Epoch
    {
        Epoch_ = epoch,
        Loss = 3.4f / epoch,
        Accuracy = 1 - (0.9f / epoch),
        ValLoss = 3.6f / epoch,
        ValAccuracy = 0.71f - (0.4f / epoch),
        ValTop5Accuracy = 0.93f - (0.4f / epoch),
    })];

    private static Mistake Mistake(byte hash, float probability) => new()
    {
        ImageHash = ByteString.CopyFrom([.. Enumerable.Repeat(hash, 32)]),
        Label = "[cat]",
        Predicted = "dog",
        Probability = probability,
        LabelProbability = 0.01f,
    };

    private static Calibration Calibration(Random random, double bias)
    {
        var calibration = new Calibration { ExpectedCalibrationError = bias == 0 ? 0.021f : 0.134f };
        for (var bin = 0; bin < 15; bin++)
        {
            var confidence = (bin + 0.5) / 15;
            calibration.Bins.Add(bin == 0 ? new CalibrationBin() : new CalibrationBin
            {
                Examples = 10 + (bin * bin),
                Confidence = (float)confidence,
                Accuracy = (float)Math.Clamp(confidence + (bias * confidence) + ((random.NextDouble() - 0.5) * 0.08), 0, 1),
            });
        }

        return calibration;
    }
}
