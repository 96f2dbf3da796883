using System.Numerics.Tensors;
using Topfive.Backbones;

namespace Topfive.ClassifierService;

/// <summary>
/// Learns from the training vectors what a known one looks like, and from the validation vectors how far is too far. The
/// same data gives the same bits on any number of threads.
/// </summary>
internal static class DetectorFit
{
    private const int MostAxes = 64;

    /// <summary>What is kept of each takes 256 bytes meanwhile: 64 MiB.</summary>
    private const int MostRows = 262_144;

    /// <summary>What a detector may add to a head's file; with very many labels it gets fewer axes.</summary>
    private const int MostBytes = 2 << 20;

    // Far below what vectors vary by; it only keeps a division by zero away when they do not vary at all.
    private const double LeastVariance = 1e-12;

    /// <param name="data">At least one training row of every label.</param>
    /// <param name="falseRejectRate">The share of validation examples that may lie beyond the threshold; 0 ≤ x &lt; 1.</param>
    /// <param name="threads">How many to use.</param>
    /// <param name="cancellation">Ends it between its steps.</param>
    /// <returns>Null without validation rows, and for numbers too large to compute with.</returns>
    public static UnknownDetector? Fit(TrainingData data, float falseRejectRate, int threads, CancellationToken cancellation)
    {
        if (data.ValidationRows.Length == 0) return null;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
        var rows = RowsToFit(data);
        var mean = Mean(data, rows);
        var axes = PrincipalAxes.Find(data, rows, mean, AxesFor(data), parallel);
        var projections = Projections.Of(data, rows, mean, axes, parallel);
        var (whitening, labelMeans) = FitClasses(data, rows, projections, axes.Length / data.Dimensions);
        var detector = new UnknownDetector(
            mean, axes, whitening, labelMeans, ResidualVariance(data, rows, mean, projections), 0, falseRejectRate, data.ValidationRows.Length);
        detector = detector with { Threshold = Threshold(data, detector, falseRejectRate, parallel) };
        return detector.IsFinite ? detector : null;
    }

    /// <summary>The first of each label, when there are very many: they come in the order of their hashes, which is none.</summary>
    private static int[] RowsToFit(TrainingData data) => data.TrainingRows.Length <= MostRows
        ? data.TrainingRows
        : [.. data.TrainingRows.GroupBy(row => data.LabelIndexes[row]).SelectMany(rows => rows.Take(Math.Max(1, MostRows / data.Labels.Count)))];

    /// <summary>Few examples say little about many directions.</summary>
    private static int AxesFor(TrainingData data) => Math.Max(1, new[]
    {
        MostAxes, data.TrainingRows.Length / 4, data.Dimensions / 2, MostBytes / sizeof(float) / (data.Dimensions + data.Labels.Count + MostAxes),
    }.Min());

    private static float[] Mean(TrainingData data, int[] rows)
    {
        var sums = new double[data.Dimensions];
        foreach (var row in rows)
        {
            var vector = data.Row(row);
            for (var i = 0; i < vector.Length; i++) sums[i] += vector[i];
        }

        return Array.ConvertAll(sums, sum => (float)(sum / rows.Length));
    }

    private static (float[] Whitening, float[] LabelMeans) FitClasses(TrainingData data, int[] rows, float[] projections, int axes)
    {
        var (means, counts) = (new double[data.Labels.Count * axes], new int[data.Labels.Count]);
        for (var row = 0; row < rows.Length; row++)
        {
            var label = data.LabelIndexes[rows[row]];
            counts[label]++;
            for (var axis = 0; axis < axes; axis++) means[(label * axes) + axis] += projections[(row * axes) + axis];
        }

        for (var i = 0; i < means.Length; i++) means[i] /= counts[i / axes];

        var covariance = new SharedCovariance(axes);
        var deviation = new double[axes];
        for (var row = 0; row < rows.Length; row++)
        {
            var label = data.LabelIndexes[rows[row]];
            for (var axis = 0; axis < axes; axis++) deviation[axis] = projections[(row * axes) + axis] - means[(label * axes) + axis];
            covariance.Add(deviation);
        }

        var whitening = covariance.Whitening();
        var whitened = new float[means.Length];
        for (var i = 0; i < whitened.Length; i++)
        {
            whitened[i] = (float)TensorPrimitives.Dot<double>(whitening.AsSpan(i % axes * axes, axes), means.AsSpan(i / axes * axes, axes));
        }

        return (Array.ConvertAll(whitening, number => (float)number), whitened);
    }

    private static float ResidualVariance(TrainingData data, int[] rows, float[] mean, float[] projections)
    {
        var axes = projections.Length / rows.Length;
        var sum = 0.0;
        for (var row = 0; row < rows.Length; row++)
        {
            var distance = TensorPrimitives.Distance(data.Row(rows[row]), mean);
            sum += ((double)distance * distance) - TensorPrimitives.SumOfSquares<float>(projections.AsSpan(row * axes, axes));
        }

        return (float)Math.Max(LeastVariance, sum / rows.Length / Math.Max(1, data.Dimensions - axes));
    }

    /// <summary>The smallest distance that no more than the given share of validation examples lies beyond.</summary>
    private static float Threshold(TrainingData data, UnknownDetector detector, float falseRejectRate, ParallelOptions parallel)
    {
        var distances = new float[data.ValidationRows.Length];
        Parallel.For(0, distances.Length, parallel, row => distances[row] = detector.Distance(data.Row(data.ValidationRows[row])));
        Array.Sort(distances);
        return distances[^(1 + (int)((double)falseRejectRate * distances.Length))];
    }
}
