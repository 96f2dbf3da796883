using Topfive.Classifier.V1;
using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>
/// What suspected label errors are worth, by how good the head is: of one label in twenty a wrong one is made, on both sides of the
/// split, a head learns from that, and of what it then suspects the share that was made wrong is told. Weaker and weaker heads: all labels of a
/// dataset, and only those that are told apart best.
/// </summary>
internal static class LabelErrorBench
{
    private const double Wrong = 0.05;
    private const int Seeds = 3;

    private static readonly int[] Counts = [4, 6, 8, 10, 13, 16, 20, 25, 31, 60, 120];

    public static int Run(string folder)
    {
        var dataset = NpyDataset.Read(folder);
        string[] ranked = Ranked(dataset);
        Console.WriteLine($"{dataset.Labels.Length:N0} images of {ranked.Length} labels; {Wrong:P0} of the labels made wrong, {Seeds} times; means");
        Console.WriteLine($"{"labels",6} {"images",6} {"accuracy",8} {"planted",7} {"suspects",8} {"of all",7} {"precision",9} {"of 10",6} {"of 20",6} {"recall",6}");
        foreach (var count in Counts.Where(count => count <= ranked.Length))
        {
            var told = Enumerable.Range(1, Seeds).Select(seed => Measure(Part(dataset, ranked[..count]), seed)).ToList();
            Console.WriteLine(
                $"{count,6} {told[0].Images,6:N0} {told.Average(one => one.Accuracy),8:P1} {told.Average(one => one.Planted),7:N0} {told.Average(one => one.Found),8:N0} "
                + $"{told.Average(one => one.Found / (double)one.Images),7:P1} {told.Average(one => one.Precision),9:F2} {told.Average(one => one.Of10),6:F2} "
                + $"{told.Average(one => one.Of20),6:F2} {told.Average(one => one.Recall),6:F2}");
        }

        return 0;
    }

    private sealed record Figures(int Images, double Accuracy, int Planted, int Found, double Precision, double Of10, double Of20, double Recall);

    /// <summary>The labels that a head tells apart best first.</summary>
    private static string[] Ranked(NpyDataset dataset)
    {
        using var data = Part(dataset, [.. dataset.Labels.Distinct()]);
        return [.. Train(data).Labels.OrderByDescending(label => label.Recall).ThenBy(label => label.Label, StringComparer.Ordinal).Select(label => label.Label)];
    }

    private static TrainingData Part(NpyDataset dataset, string[] labels)
    {
        string[] sorted = [.. labels.Order(StringComparer.Ordinal)];
        int[] indexes = [.. dataset.Labels.Select(label => Array.IndexOf(sorted, label))];
        int[] Rows(bool validation) => [.. Enumerable.Range(0, indexes.Length).Where(row => indexes[row] >= 0 && dataset.IsValidation[row] == validation)];
        return new TrainingData(MemoryMatrix.Of(dataset.Matrix, dataset.Dimensions), sorted, indexes, Rows(false), Rows(true))
        {
            ImageHashes = [.. Enumerable.Range(0, indexes.Length).Select(row => Google.Protobuf.ByteString.CopyFrom(BitConverter.GetBytes(row)))],
        };
    }

    private static Figures Measure(TrainingData data, int seed)
    {
        using var _ = data;
        var random = new Random(seed);
        var wrong = data.TrainingRows.Concat(data.ValidationRows).Where(_ => random.NextDouble() < Wrong).ToHashSet();
        foreach (var row in wrong) data.LabelIndexes[row] = (data.LabelIndexes[row] + random.Next(1, data.Labels.Count)) % data.Labels.Count;
        var evaluation = Train(data);
        var planted = data.ValidationRows.Where(wrong.Contains).Select(data.ImageHash).ToHashSet();
        var found = (int)evaluation.SuspectedLabelErrorsFound;
        return new Figures(
            data.ValidationRows.Length, evaluation.Accuracy, planted.Count, found, ShareOf(100), ShareOf(10), ShareOf(20),
            evaluation.SuspectedLabelErrors.Count(suspect => planted.Contains(suspect.ImageHash)) / (double)planted.Count);

        double ShareOf(int first)
        {
            var suspects = evaluation.SuspectedLabelErrors.Take(first).ToList();
            return suspects.Count == 0 ? 0 : suspects.Count(suspect => planted.Contains(suspect.ImageHash)) / (double)suspects.Count;
        }
    }

    private static Evaluation Train(TrainingData data)
    {
        using var trainer = new Trainer(data, RecipeRules.Complete(new Recipe { Epochs = 40, Seed = 1 }), Environment.ProcessorCount);
        foreach (var _ in trainer.Run(CancellationToken.None))
        {
        }

        return trainer.Evaluate()!;
    }
}
