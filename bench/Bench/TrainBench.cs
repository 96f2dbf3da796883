using System.Diagnostics;
using System.Runtime.Intrinsics;
using Topfive.Classifier.V1;
using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>
/// Seconds an epoch of the reference job (23,084 vectors of 2,048 floats, 120 labels, Dense(256), batch 12) on synthetic
/// vectors that look like a backbone's: not negative, with a mean near 0.4, a label's vectors near each other.
/// </summary>
internal static class TrainBench
{
    private const int Dimensions = 2048;
    private const int Labels = 120;

    public static int Run(string[] args)
    {
        var epochs = Option(args, "--epochs", 5);
        var threads = Option(args, "--threads", Environment.ProcessorCount);
        var examples = Option(args, "--examples", 23_084);
        var recipe = new Recipe
        {
            HiddenUnits = { 256 },
            Dropout = 0.5f,
            LearningRate = 1e-4f,
            BatchSize = Option(args, "--batch", 12),
            Seed = 1,
        };
        var data = Synthetic(examples, validation: examples / 10);
        Console.WriteLine(
            $"{examples:N0} x {Dimensions:N0}, {Labels} labels, hidden 256, batch {recipe.BatchSize}, {threads} threads, "
            + $"512-bit vectors: {Vector512.IsHardwareAccelerated}");

        using var network = new TrainingNetwork(Dimensions, Labels, recipe);
        using var trainer = new EpochTrainer(network, recipe, TrainingObjective.Of(recipe, data), recipe.BatchSize, threads);
        using var evaluator = new NetworkEvaluator(network, threads);
        var seconds = new List<double>();
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            new RandomStream(recipe.Seed, RandomPurpose.Shuffle, (ulong)epoch).Shuffle(data.TrainingRows);
            var watch = Stopwatch.StartNew();
            var (loss, accuracy) = trainer.TrainEpoch(data, data.TrainingRows, CancellationToken.None);
            seconds.Add(watch.Elapsed.TotalSeconds);
            watch.Restart();
            var results = evaluator.Evaluate(data, data.ValidationRows);
            Console.WriteLine(
                $"epoch {epoch}: {seconds[^1]:F3} s, loss {loss:F4}, accuracy {accuracy:F4}; {results.Length:N0} validation examples "
                + $"in {watch.Elapsed.TotalSeconds:F3} s, accuracy {(double)results.Count(result => result.Rank == 0) / results.Length:F4}");
        }

        Console.WriteLine($"median {seconds.Order().ElementAt(epochs / 2):F3} s an epoch, best {seconds.Min():F3} s");
        return 0;
    }

    private static TrainingData Synthetic(int training, int validation)
    {
        var random = new Random(7);
        var centres = Enumerable.Range(0, Labels).Select(_ => Enumerable.Range(0, Dimensions).Select(_ => Exponential(random, 0.4)).ToArray()).ToArray();
        var rows = training + validation;
        var matrix = new float[rows * Dimensions];
        for (var row = 0; row < rows; row++)
        {
            var centre = centres[row % Labels];
            for (var column = 0; column < Dimensions; column++)
            {
                matrix[(row * Dimensions) + column] = (float)((0.3 * centre[column]) + Exponential(random, 0.28));
            }
        }

        return new TrainingData(
            MemoryMatrix.Of(matrix, Dimensions), [.. Enumerable.Range(0, Labels).Select(label => $"label {label}")],
            [.. Enumerable.Range(0, rows).Select(row => row % Labels)],
            [.. Enumerable.Range(0, training)], [.. Enumerable.Range(training, validation)]);
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at ? int.Parse(args[at + 1]) : otherwise;
}
