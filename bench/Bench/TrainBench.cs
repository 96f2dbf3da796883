using System.Diagnostics;
using System.Runtime.Intrinsics;
using Topfive.Classifier.V1;
using Topfive.ClassifierService;

namespace Topfive.Bench;

/// <summary>
/// Seconds an epoch of the reference job (23,084 vectors of 2,048 floats, 120 labels, Dense(256), dropout 0.5, RMSprop) at
/// batch 12, 32 and 128, beside a plain single-threaded loop, PyTorch where it is there, and what the machine allows.
/// </summary>
internal static class TrainBench
{
    private const int Hidden = 256;
    private const float LearningRate = 1e-4f;
    private const float Dropout = 0.5f;
    private const double Demand = 0.40;

    private static readonly int[] Batches = [12, 32, 128];

    public static async Task<int> RunAsync(string[] args)
    {
        var epochs = Option(args, "--epochs", 5);
        var threads = Option(args, "--threads", Environment.ProcessorCount);
        var examples = Option(args, "--examples", 23_084);
        int[] batches = Option(args, "--batch", 0) is > 0 and var only ? [only] : Batches;
        using var data = SyntheticDataset.Of(examples, validation: examples / 10);
        Console.WriteLine(
            $"{examples:N0} x {data.Dimensions:N0}, {data.Labels.Count} labels, hidden {Hidden}, RMSprop; 512-bit vectors: {Vector512.IsHardwareAccelerated}; "
            + "seconds an epoch, the best of each");

        var (ours, single, plain) = (new Dictionary<int, double>(), new Dictionary<int, double>(), new Dictionary<int, double>());
        foreach (var batch in batches)
        {
            ours[batch] = Ours(data, Recipe(batch), threads, epochs);
            single[batch] = threads == 1 ? ours[batch] : Ours(data, Recipe(batch), 1, Math.Max(2, epochs / 2));
            plain[batch] = Plain(data, batch);
        }

        var torch = args.Contains("--no-torch") || !TorchTrainer.IsThere() ? [] : await TorchTrainer.MeasureAsync(data, LearningRate, 4, 1, batches);
        var torchThreads = torch.Count == 0 ? [] : await TorchTrainer.MeasureAsync(data, LearningRate, 4, threads, batches);
        var optimizers = new[] { Optimizer.Adam, Optimizer.Sgd }.Select(optimizer => (optimizer, Ours(data, Recipe(12, optimizer), threads, 2))).ToList();

        Console.WriteLine($"{"batch",6} {$"{threads} threads",10} {"1 thread",10} {"plain loop",10} {"torch, 1",10} {$"torch, {threads}",10}");
        foreach (var batch in batches)
        {
            Console.WriteLine(
                $"{batch,6} {ours[batch],10:F3} {single[batch],10:F3} {plain[batch],10:F1} {Cell(torch, batch),10} {Cell(torchThreads, batch),10}");
        }

        foreach (var (optimizer, seconds) in optimizers) Console.WriteLine($"batch 12 with {optimizer} on {threads} threads: {seconds:F3} s");
        if (torch.Count == 0) Console.WriteLine("no PyTorch on this machine (Debian: apt-get install python3-torch)");
        ShowRoofline(data, threads);
        Figure.Print([.. batches.Select(batch => new Figure(
            $"train_b{batch}", ours[batch], "s/epoch", batch == 12 ? Demand : null,
            $"seconds an epoch, {threads} threads; lower is better, the limit is the most that it may take; {plain[batch] / single[batch]:F0} times the plain loop's speed on one thread"))]);
        return 0;
    }

    private static double Ours(TrainingData data, Recipe recipe, int threads, int epochs)
    {
        using var network = new TrainingNetwork(data.Dimensions, data.Labels.Count, recipe);
        using var trainer = new EpochTrainer(network, recipe, TrainingObjective.Of(recipe, data), recipe.BatchSize, threads);
        var best = double.PositiveInfinity;
        int[] order = [.. data.TrainingRows];
        for (var epoch = 1; epoch <= epochs; epoch++)
        {
            new RandomStream(recipe.Seed, RandomPurpose.Shuffle, (ulong)epoch).Shuffle(order);
            var watch = Stopwatch.StartNew();
            var (loss, accuracy) = trainer.TrainEpoch(data, order, CancellationToken.None);
            best = Math.Min(best, watch.Elapsed.TotalSeconds);
            Console.WriteLine(
                $"{recipe.Optimizer} batch {recipe.BatchSize}, {threads} threads, epoch {epoch}: {watch.Elapsed.TotalSeconds:F3} s, loss {loss:F4}, accuracy {accuracy:F4}");
        }

        return best;
    }

    /// <summary>Some seconds of it, scaled to an epoch.</summary>
    private static double Plain(TrainingData data, int batch)
    {
        var trainer = new PlainTrainer(data.Dimensions, Hidden, data.Labels.Count, LearningRate);
        var (steps, watch) = ((data.TrainingRows.Length + batch - 1) / batch, new Stopwatch());
        trainer.Step(data, data.TrainingRows.AsSpan(0, batch));
        watch.Start();
        var done = 0;
        for (; done < steps && watch.Elapsed.TotalSeconds < 3; done++)
        {
            var start = done * batch;
            trainer.Step(data, data.TrainingRows.AsSpan(start, Math.Min(batch, data.TrainingRows.Length - start)));
        }

        return watch.Elapsed.TotalSeconds / done * steps;
    }

    /// <summary>
    /// What batch 12 needs at least. Products with zero are not needed: those of the hidden layer's outputs that dropout
    /// drops, those of its deltas behind an inactive ReLU, and the steps of units that no example of a batch moves.
    /// </summary>
    private static void ShowRoofline(TrainingData data, int threads)
    {
        const int Batch = 12;
        const double Kept = 1 - Dropout;
        var activity = HiddenActivity.After(data, Recipe(Batch), epochs: 2, threads);
        var active = Kept * activity.Average();
        var moved = activity.Average(share => 1 - Math.Pow(1 - (Kept * share), Batch));
        double hidden = SyntheticDataset.Dimensions * Hidden, output = Hidden * SyntheticDataset.Labels;
        var roofline = Roofline.Measure(threads, bytes: (long)(2 * sizeof(float) * (hidden + output)));
        double examples = data.TrainingRows.Length, steps = Math.Ceiling(examples / Batch);
        var arithmetic = 2 * examples * ((hidden * (Kept + active)) + (3 * output)) / roofline.Flops;
        var dense = 2 * examples * ((2 * hidden) + (3 * output)) / roofline.Flops;
        var traffic = steps * 4 * sizeof(float) * (hidden + output) / roofline.Bandwidth;
        var roots = steps * ((hidden * moved) + output) / roofline.Steps;
        Console.WriteLine(
            $"roofline on {threads} threads: {roofline.Flops / 1e9:F0} GFLOP/s, {roofline.Bandwidth / 1e9:F0} GB/s over the parameters and moments, "
            + $"{roofline.Steps / 1e9:F2} G roots and divisions a second");
        Console.WriteLine(
            $"of the hidden layer's outputs dropout keeps {Kept:P0}, of its deltas {active:P0} are not zero, and {moved:P0} of its units move in a step");
        Console.WriteLine(
            $"each alone, an epoch at batch 12 takes: arithmetic {arithmetic:F3} s ({dense:F3} s with the zeros), parameters' traffic {traffic:F3} s, "
            + $"roots and divisions {roots:F3} s; how far they overlap is the processor's affair");
    }

    private static Recipe Recipe(int batch, Optimizer optimizer = Optimizer.Rmsprop) => new()
    {
        HiddenUnits = { Hidden },
        Dropout = Dropout,
        Optimizer = optimizer,
        LearningRate = LearningRate,
        Momentum = 0.9f,
        BatchSize = batch,
        Seed = 1,
    };

    private static string Cell(Dictionary<int, double> seconds, int batch) => seconds.TryGetValue(batch, out var value) ? $"{value:F2}" : "-";

    private static int Option(string[] args, string name, int otherwise) =>
        Array.IndexOf(args, name) is >= 0 and var at ? int.Parse(args[at + 1]) : otherwise;
}
