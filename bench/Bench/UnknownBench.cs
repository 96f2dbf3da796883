using System.Diagnostics;
using System.Numerics.Tensors;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.ClassifierService;
using Topfive.FeatureStore;

namespace Topfive.Bench;

/// <summary>
/// How well different scores tell images of classes that were left out of training from validation images of those that
/// were not: the area under the ROC curve, 0.5 is a coin, 1 is never wrong. A quarter of the labels is left out in turn; a
/// second dataset, all of it unknown, says how it is with images of another kind.
/// </summary>
internal static class UnknownBench
{
    private const int Folds = 4;

    public static async Task<int> RunAsync(string folder, string? farFolder)
    {
        var dataset = NpyDataset.Read(folder);
        var far = farFolder is null ? null : NpyDataset.Read(farFolder);
        string[] labels = [.. dataset.Labels.Distinct().Order(StringComparer.Ordinal)];
        Console.WriteLine($"{dataset.Labels.Length:N0} images of {labels.Length} labels; a quarter of the labels left out, {Folds} times");
        var areas = new Dictionary<string, (List<double> LeftOut, List<double> Far)>();
        for (var fold = 0; fold < Folds; fold++)
        {
            var left = labels.Where((_, label) => label % Folds == fold).ToHashSet();
            using var data = TrainingDataWithout(dataset, left);
            float[][] known = [.. data.ValidationRows.Select(row => data.Row(row).ToArray())];
            float[][] leftOut = [.. Rows(dataset).Where(row => left.Contains(dataset.Labels[row])).Select(row => Row(dataset, row))];
            float[][] other = far is null ? [] : [.. Rows(far).Select(row => Row(far, row))];
            foreach (var (name, score) in await ScoresAsync(data, labels.Length - left.Count))
            {
                if (!areas.TryGetValue(name, out var lists)) areas[name] = lists = ([], []);
                var ofKnown = await Task.WhenAll(known.Select(score));
                lists.LeftOut.Add(Area(ofKnown, await Task.WhenAll(leftOut.Select(score))));
                if (far is not null) lists.Far.Add(Area(ofKnown, await Task.WhenAll(other.Select(score))));
            }
        }

        Console.WriteLine($"{"score",-28} {"left out",9} {"(each quarter)",-28} {"another kind",12}");
        foreach (var (name, (leftOut, other)) in areas.OrderByDescending(area => area.Value.LeftOut.Concat(area.Value.Far).Average()))
        {
            Console.WriteLine(
                $"{name,-28} {leftOut.Average(),9:F3} {string.Join(' ', leftOut.Select(area => $"{area:F3}")),-28} {(other.Count > 0 ? $"{other.Average():F3}" : ""),12}");
        }

        return 0;
    }

    /// <summary>Each score grows with how unknown a vector seems.</summary>
    private static async Task<List<(string Name, Func<float[], Task<float>> Score)>> ScoresAsync(TrainingData data, int labels)
    {
        var clock = Stopwatch.StartNew();
        var detector = DetectorFit.Fit(data, 0.05f, Environment.ProcessorCount, CancellationToken.None)!;
        var fitted = clock.Elapsed;
        var recipe = RecipeRules.Complete(new Recipe { Epochs = 40, Seed = 1 });
        using var trainer = new Trainer(data, recipe, Environment.ProcessorCount);
        foreach (var _ in trainer.Run(CancellationToken.None))
        {
        }

        var head = trainer.ToHead(new string('0', 64), temperature: 1);
        clock.Restart();
        foreach (var row in data.ValidationRows) detector.Distance(data.Row(row));
        Console.WriteLine(
            $"{data.TrainingRows.Length} training vectors, {labels} labels: accuracy {trainer.Evaluate()!.Accuracy:P1}, detector fitted in {fitted.TotalSeconds:F2} s, "
            + $"{clock.Elapsed.TotalMicroseconds / data.ValidationRows.Length:F0} us a vector, {data.ValidationRows.Count(row => detector.IsUnknown(detector.Distance(data.Row(row)))) / (double)data.ValidationRows.Length:P1} of validation beyond its threshold");

        var index = new ExampleIndex(
            "", [.. data.TrainingRows.Select(row => ImageHash.Of(BitConverter.GetBytes(row)))], [.. data.TrainingRows.Select(row => data.Labels[data.LabelIndexes[row]])],
            [.. data.TrainingRows.SelectMany(row => data.Row(row).ToArray())], data.Dimensions);
        var means = ClassDirections(data);
        return
        [
            ("Mahalanobis (served)", vector => Task.FromResult(detector.Distance(vector))),
            ("max softmax", vector => Task.FromResult(-Softmax(Logits(head, vector)))),
            ("energy", vector => Task.FromResult(-LogSumExp(Logits(head, vector)))),
            ("cosine to nearest example", async vector => -(float)(await index.FindAsync(new NeighborQuery(vector, 1)))[0].Cosine),
            ("cosine to 10th nearest", async vector => -(float)(await index.FindAsync(new NeighborQuery(vector, 10)))[^1].Cosine),
            ("cosine to class mean", vector => Task.FromResult(-means.Max(mean => TensorPrimitives.CosineSimilarity(mean, vector)))),
        ];
    }

    private static TrainingData TrainingDataWithout(NpyDataset dataset, HashSet<string> left)
    {
        string[] labels = [.. dataset.Labels.Distinct().Where(label => !left.Contains(label)).Order(StringComparer.Ordinal)];
        int[] kept = [.. Rows(dataset).Where(row => !left.Contains(dataset.Labels[row]))];
        return new TrainingData(
            MemoryMatrix.Of(dataset.Matrix, dataset.Dimensions), labels, [.. dataset.Labels.Select(label => Array.IndexOf(labels, label))],
            [.. kept.Where(row => !dataset.IsValidation[row])], [.. kept.Where(row => dataset.IsValidation[row])]);
    }

    private static float[][] ClassDirections(TrainingData data)
    {
        var means = data.Labels.Select(_ => new float[data.Dimensions]).ToArray();
        foreach (var row in data.TrainingRows)
        {
            var vector = data.Row(row);
            var mean = means[data.LabelIndexes[row]];
            TensorPrimitives.MultiplyAdd(vector, 1 / TensorPrimitives.Norm(vector), mean, mean);
        }

        return means;
    }

    private static float[] Logits(DenseHead head, float[] vector)
    {
        var current = vector;
        foreach (var layer in head.Layers)
        {
            var sums = layer.Bias.ToArray();
            for (var input = 0; input < current.Length; input++)
            {
                TensorPrimitives.MultiplyAdd(layer.Weights.AsSpan(input * layer.Units, layer.Units), current[input], sums, sums);
            }

            if (layer.Activation == DenseActivation.Relu) TensorPrimitives.Max(sums, 0f, sums);
            current = sums;
        }

        return current;
    }

    private static float LogSumExp(float[] logits) => logits.Max() + MathF.Log(logits.Sum(logit => MathF.Exp(logit - logits.Max())));

    private static float Softmax(float[] logits) => MathF.Exp(logits.Max() - LogSumExp(logits));

    /// <summary>The share of pairs of a known and an unknown image in which the unknown one scores higher; of equals half.</summary>
    private static double Area(float[] known, float[] unknown) =>
        unknown.Sum(score => known.Count(other => other < score) + (known.Count(other => other == score) / 2.0)) / ((double)known.Length * unknown.Length);

    private static IEnumerable<int> Rows(NpyDataset dataset) => Enumerable.Range(0, dataset.Labels.Length);

    private static float[] Row(NpyDataset dataset, int row) => dataset.Matrix[(row * dataset.Dimensions)..((row + 1) * dataset.Dimensions)];
}
