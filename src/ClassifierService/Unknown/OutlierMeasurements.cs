using System.Buffers;
using System.Numerics.Tensors;
using Topfive.Backbones;
using Topfive.Classifier.V1;

namespace Topfive.ClassifierService;

/// <summary>How well a head tells outliers from the validation examples of its own labels, by its detector and by its probabilities.</summary>
internal static class OutlierMeasurements
{
    /// <param name="head">As it will be served.</param>
    /// <param name="outliers">Null: nothing to measure on.</param>
    /// <param name="data">What the head was trained and validated on.</param>
    /// <param name="threads">How many to use.</param>
    /// <param name="cancellation">Checked between vectors.</param>
    /// <returns>Null without outliers or without a detector.</returns>
    public static OutlierMeasurement? Of(DenseHead head, Outliers? outliers, TrainingData data, int threads, CancellationToken cancellation)
    {
        if (outliers is null || head.Unknown is not { } detector) return null;
        var serving = new ServingHead("", 0, head);
        var known = Scores(data.ValidationRows.Length, example => data.Row(data.ValidationRows[example]));
        var unknown = Scores(outliers.Count, outliers.Row);
        return new OutlierMeasurement
        {
            Dataset = outliers.Dataset,
            DatasetDigest = outliers.Digest,
            Outliers = outliers.Count,
            ValidationExamples = data.ValidationRows.Length,
            Auroc = Area(known.Distances, unknown.Distances),
            MaxSoftmaxAuroc = Area(known.Doubts, unknown.Doubts),
            Detected = (double)unknown.Distances.Count(detector.IsUnknown) / outliers.Count,
        };

        (float[] Distances, float[] Doubts) Scores(int count, RowReader row)
        {
            var (distances, doubts) = (new float[count], new float[count]);
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellation };
            Parallel.For(0, count, parallel, example =>
            {
                distances[example] = detector.Distance(row(example));
                doubts[example] = -MostProbable(serving, row(example));
            });
            return (distances, doubts);
        }
    }

    /// <summary>
    /// Area under the ROC curve, as the share of pairs of a known and an unknown example in which the unknown one scores higher; of equal
    /// scores half (Mann, Whitney 1947). What is not a number is beyond everything, as it is beyond every threshold.
    /// </summary>
    public static double Area(IEnumerable<float> known, IEnumerable<float> unknown)
    {
        float[] sorted = [.. known.Select(Comparable).Order()];
        float[] others = [.. unknown.Select(Comparable)];
        var higher = others.Sum(score => (Count(sorted, score, orEqual: false) + Count(sorted, score, orEqual: true)) / 2.0);
        return higher / ((double)sorted.Length * others.Length);
    }

    private delegate ReadOnlySpan<float> RowReader(int row);

    private static float Comparable(float score) => float.IsNaN(score) ? float.PositiveInfinity : score;

    /// <returns>How many of the sorted scores are below a score, or not above it.</returns>
    private static int Count(float[] sorted, float score, bool orEqual)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (sorted[middle] < score || (orEqual && sorted[middle] == score)) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    private static float MostProbable(ServingHead head, ReadOnlySpan<float> vector)
    {
        var buffer = ArrayPool<float>.Shared.Rent(head.Labels.Count);
        try
        {
            var probabilities = buffer.AsSpan(0, head.Labels.Count);
            head.Score(vector, probabilities);
            return TensorPrimitives.Max<float>(probabilities);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }
}
