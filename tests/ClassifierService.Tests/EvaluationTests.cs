using Google.Protobuf;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>The figures of an evaluation, beside the same by plain loops in double.</summary>
public sealed class EvaluationTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(1)]
    [InlineData(0.4)]
    public void The_temperature_finds_back_the_factor_that_made_the_head_too_sure(double factor)
    {
        // Labels are drawn from the softmax of the logits, and the head then says the logits times the factor.
        var random = new Random(11);
        var (logits, labels) = (new float[4_000][], new int[4_000]);
        for (var example = 0; example < logits.Length; example++)
        {
            var honest = Logits(random, 20);
            labels[example] = Draw(random, Softmax(honest, 1));
            logits[example] = [.. honest.Select(logit => (float)(logit * factor))];
        }

        var evaluation = Evaluate(logits, labels);

        Assert.Equal(factor, evaluation.Temperature, 0.05 * factor);
        var least = LogLoss(logits, labels, evaluation.Temperature);
        Assert.True(least <= LogLoss(logits, labels, evaluation.Temperature * 1.01));
        Assert.True(least <= LogLoss(logits, labels, evaluation.Temperature * 0.99));
        Assert.Equal(LogLoss(logits, labels, 1), evaluation.LogLoss, 1e-5);
        Assert.Equal(least, evaluation.CalibratedLogLoss, 1e-5);
        Assert.True(evaluation.CalibrationServed.ExpectedCalibrationError < 0.03, $"{evaluation.CalibrationServed.ExpectedCalibrationError}");
        if (factor != 1) Assert.True(evaluation.Calibration.ExpectedCalibrationError > 0.05, $"{evaluation.Calibration.ExpectedCalibrationError}");
    }

    [Fact]
    public void A_head_that_is_never_wrong_keeps_temperature_1()
    {
        var evaluation = Evaluate([[2, 0, 1], [0, 3, 1], [0, 0.1f, 0.2f]], [0, 1, 2]);

        Assert.Equal((1, 1), (evaluation.Temperature, evaluation.Accuracy));
        Assert.Equal((evaluation.LogLoss, 0), (evaluation.CalibratedLogLoss, evaluation.SuspectedLabelErrorsFound));
    }

    [Fact]
    public void A_head_that_is_always_wrong_gets_the_highest_temperature_and_one_that_knows_nothing_any()
    {
        Assert.Equal(20, Evaluate([[9, 0], [8, 0], [0, 7]], [1, 1, 0]).Temperature, 0.001);
        Assert.True(float.IsFinite(Evaluate([[0, 0], [0, 0]], [0, 1]).CalibratedLogLoss));
    }

    [Fact]
    public void Calibration_is_counted_in_fifteen_bins_and_a_boundary_belongs_to_the_bin_below()
    {
        // Two labels whose probabilities are 0.8 and 0.2: 12/15 is the upper end of bin 11.
        var sure = MathF.Log(4);
        var calibration = Evaluate([[sure, 0], [sure, 0], [sure, 0], [0, 0]], [0, 0, 1, 1]).Calibration;

        Assert.Equal(15, calibration.Bins.Count);
        var (even, high) = (calibration.Bins[7], calibration.Bins.Single(bin => bin.Examples == 3));
        Assert.Equal((1, 0f), (even.Examples, even.Accuracy));
        Assert.Equal(0.5, even.Confidence, 1e-6);
        Assert.Equal(0.8, high.Confidence, 1e-6);
        Assert.Equal(2 / 3.0, high.Accuracy, 1e-6);
        Assert.Equal(((3 * (0.8 - (2 / 3.0))) + 0.5) / 4, calibration.ExpectedCalibrationError, 1e-6);
    }

    [Fact]
    public void The_confusion_matrix_holds_every_example_and_agrees_with_precision_and_recall()
    {
        var (logits, labels) = Noisy(examples: 3_000, labelCount: 1_000);

        var evaluation = Evaluate(logits, labels);

        var matrix = evaluation.Confusion;
        var cells = matrix.TrueLabels.Zip(matrix.PredictedLabels, matrix.Counts).ToList();
        Assert.Equal((3_000, 0), (matrix.Counts.Sum(), matrix.OmittedExamples));
        Assert.Equal(cells.OrderBy(cell => (cell.First, cell.Second)), cells);
        Assert.All(matrix.Counts, count => Assert.True(count > 0));
        foreach (var (label, index) in evaluation.Labels.Select((label, index) => (label, index)))
        {
            var right = cells.Where(cell => cell.First == index && cell.Second == index).Sum(cell => cell.Third);
            Assert.Equal(label.Support, cells.Where(cell => cell.First == index).Sum(cell => cell.Third));
            Assert.Equal(label.Predicted, cells.Where(cell => cell.Second == index).Sum(cell => cell.Third));
            Assert.Equal(right, label.Recall * label.Support, 1e-3);
            Assert.Equal(right, label.Precision * label.Predicted, 1e-3);
        }

        Assert.InRange(evaluation.CalculateSize(), 1, 200_000);
    }

    [Fact]
    public void A_matrix_with_too_many_entries_keeps_the_largest_and_counts_the_rest()
    {
        // 300 × 300 pairs once, and one pair three times more.
        const int LabelCount = 300;
        var pairs = (from own in Enumerable.Range(0, LabelCount) from said in Enumerable.Range(0, LabelCount) select (own, said))
            .Concat(Enumerable.Repeat((own: 299, said: 298), 3)).ToList();

        var matrix = Evaluate([.. pairs.Select(pair => OneHot(LabelCount, pair.said))], [.. pairs.Select(pair => pair.own)]).Confusion;

        Assert.Equal((65_536, 300 * 300 - 65_536), (matrix.Counts.Count, matrix.OmittedExamples));
        Assert.Equal(4, matrix.Counts[^1]);
        Assert.Equal((299, 298), (matrix.TrueLabels[^1], matrix.PredictedLabels[^1]));
    }

    [Fact]
    public void The_mistakes_that_the_head_is_surest_of_come_first_with_their_images()
    {
        var (logits, labels) = Noisy(examples: 400, labelCount: 10);

        var evaluation = Evaluate(logits, labels);

        var expected = Enumerable.Range(0, logits.Length)
            .Select(example => (Example: example, Probabilities: Softmax(logits[example], evaluation.Temperature)))
            .Select(example => (example.Example, example.Probabilities, Said: Array.IndexOf(example.Probabilities, example.Probabilities.Max())))
            .Where(example => example.Said != labels[example.Example])
            .OrderByDescending(example => example.Probabilities[example.Said]).Take(50).ToList();
        Assert.Equal(50, evaluation.ConfidentMistakes.Count);
        foreach (var (told, known) in evaluation.ConfidentMistakes.Zip(expected))
        {
            Assert.Equal(Hash(known.Example), told.ImageHash);
            Assert.Equal(($"label {labels[known.Example]:D3}", $"label {known.Said:D3}"), (told.Label, told.Predicted));
            Assert.Equal(known.Probabilities[known.Said], told.Probability, 1e-5);
            Assert.Equal(known.Probabilities[labels[known.Example]], told.LabelProbability, 1e-5);
        }
    }

    [Theory]
    [InlineData(2.2, 0.95, 0.8)] // a head that is right on nearly every image whose label is right
    [InlineData(3.5, 0.7, 0.7)] // one that is wrong on one image in fifteen: it must not be believed too easily
    public void Of_labels_of_which_one_in_twenty_is_wrong_most_are_suspected_and_few_others(double noise, double leastPrecision, double leastRecall)
    {
        // The head learns from labels that are as wrong as those that it then judges.
        var data = SyntheticVectors.Data(training: 1_500, validation: 1_000, dimensions: 64, labels: 10, noise);
        var random = new Random(5);
        var wrong = Enumerable.Range(0, data.LabelIndexes.Length).Where(_ => random.NextDouble() < 0.05).ToHashSet();
        foreach (var row in wrong) data.LabelIndexes[row] = (data.LabelIndexes[row] + random.Next(1, 10)) % 10;
        using var trainer = new Trainer(data, RecipeRules.Complete(new Recipe { HiddenUnits = { 64 }, LearningRate = 0.001f, Epochs = 20 }), 2);
        foreach (var _ in trainer.Run(CancellationToken.None))
        {
        }

        var evaluation = trainer.Evaluate()!;

        Assert.Equal(LabelErrorEvidence.WorthALook, evaluation.LabelErrorEvidence);
        var planted = data.ValidationRows.Where(wrong.Contains).Select(row => Hash(row)).ToHashSet();
        var found = evaluation.SuspectedLabelErrors.Count(suspect => planted.Contains(suspect.ImageHash));
        var (precision, recall) = (found / (double)evaluation.SuspectedLabelErrorsFound, found / (double)planted.Count);
        var likeliest = evaluation.SuspectedLabelErrors.Take(planted.Count / 2).Count(suspect => planted.Contains(suspect.ImageHash)) / (planted.Count / 2.0);
        Assert.True(
            precision >= leastPrecision && recall >= leastRecall && likeliest >= leastPrecision,
            $"accuracy {evaluation.Accuracy}, precision {precision}, recall {recall} of {planted.Count}, precision of the likeliest {likeliest}");
    }

    [Fact]
    public void A_head_that_disagrees_with_very_many_labels_is_called_too_weak_to_judge_them()
    {
        // It knows nothing: logits and labels are drawn apart.
        var (logits, labels) = Noisy(examples: 600, labelCount: 10);

        var evaluation = Evaluate(logits, labels);

        Assert.True(evaluation.SuspectedLabelErrorsFound > 90, $"{evaluation.SuspectedLabelErrorsFound}");
        Assert.Equal((LabelErrorEvidence.HeadTooWeak, 20), (evaluation.LabelErrorEvidence, evaluation.SuspectedLabelErrors.Count));
    }

    [Theory]
    [InlineData(0, LabelErrorEvidence.WorthALook)]
    [InlineData(30, LabelErrorEvidence.WorthALook)]
    [InlineData(31, LabelErrorEvidence.HeadTooWeak)]
    public void More_than_fifteen_suspects_in_a_hundred_are_no_evidence(int suspects, LabelErrorEvidence evidence) =>
        Assert.Equal(evidence, ConfidentLearning.Worth(suspects, 200));

    /// <summary>What a head would be told that says these logits: one layer that passes its input on.</summary>
    private static Evaluation Evaluate(float[][] logits, int[] labels)
    {
        var labelCount = logits[0].Length;
        using var network = new TrainingNetwork(labelCount, labelCount, RecipeRules.Complete(new Recipe { NoHiddenLayers = true }));
        var identity = new float[labelCount * labelCount];
        for (var label = 0; label < labelCount; label++) identity[(label * labelCount) + label] = 1;
        network.Output.Load(identity, new float[labelCount]);
        using var evaluator = new NetworkEvaluator(network, threads: 2);
        var data = new TrainingData(
            MemoryMatrix.Of(logits.SelectMany(row => row).ToArray(), labelCount), [.. Enumerable.Range(0, labelCount).Select(label => $"label {label:D3}")],
            labels, [], [.. Enumerable.Range(0, labels.Length)])
        {
            ImageHashes = [.. Enumerable.Range(0, labels.Length).Select(Hash)],
        };
        using var outputs = new ValidationOutputs(evaluator, data);
        return EvaluationReport.Of(data, outputs);
    }

    private static ByteString Hash(int row) => SyntheticVectors.Hash(row);

    private static (float[][] Logits, int[] Labels) Noisy(int examples, int labelCount)
    {
        var random = new Random(3);
        return ([.. Enumerable.Range(0, examples).Select(_ => Logits(random, labelCount))], [.. Enumerable.Range(0, examples).Select(_ => random.Next(labelCount))]);
    }

    private static float[] Logits(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() + random.NextDouble() - 1) * 4))];

    private static float[] OneHot(int count, int index)
    {
        var logits = new float[count];
        logits[index] = 1;
        return logits;
    }

    private static double[] Softmax(float[] logits, double temperature)
    {
        var powers = Array.ConvertAll(logits, logit => Math.Exp((logit - logits.Max()) / temperature));
        var sum = powers.Sum();
        return Array.ConvertAll(powers, power => power / sum);
    }

    private static int Draw(Random random, double[] probabilities)
    {
        var left = random.NextDouble();
        for (var label = 0; label < probabilities.Length - 1; label++)
        {
            left -= probabilities[label];
            if (left < 0) return label;
        }

        return probabilities.Length - 1;
    }

    private static double LogLoss(float[][] logits, int[] labels, double temperature) =>
        logits.Zip(labels, (row, label) => -Math.Log(Softmax(row, temperature)[label])).Average();
}
