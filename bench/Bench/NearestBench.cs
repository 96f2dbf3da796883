using System.Diagnostics;
using System.Numerics.Tensors;
using Topfive.ClassifierService;
using Topfive.FeatureStore;

namespace Topfive.Bench;

/// <summary>
/// Milliseconds of an exact search for the 5 nearest of 25,000 training examples of 2,048 floats, beside one thread that
/// compares every float.
/// </summary>
internal static class NearestBench
{
    private const int Dimensions = 2048;
    private const int Labels = 120;
    private const int Neighbors = 5;
    private const int AtOnce = 8;
    private const double LimitMilliseconds = 5;

    public static async Task<int> RunAsync(int examples, int searches)
    {
        var matrix = Synthetic(examples);
        var clock = Stopwatch.StartNew();
        var index = new ExampleIndex(
            "digest", [.. Enumerable.Range(0, examples).Select(row => ImageHash.Of(BitConverter.GetBytes(row)))],
            [.. Enumerable.Range(0, examples).Select(row => $"label {row % Labels}")], matrix, Dimensions);
        Console.WriteLine($"{examples:N0} x {Dimensions:N0} in {index.Bytes >> 20:N0} MiB, prepared in {clock.Elapsed.TotalSeconds:F2} s, {Environment.ProcessorCount} cores");

        var queries = Enumerable.Range(0, searches).Select(search => Vector(new Random(1_000_000 + search), search % Labels)).ToArray();
        var compared = new List<int>();
        var alone = await MedianAsync(queries, async query =>
        {
            await index.FindAsync(new NeighborQuery(query, Neighbors));
            compared.Add(index.LastCompared);
        });
        var together = await MedianAsync(queries, query => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => index.FindAsync(new NeighborQuery(query, Neighbors)))));
        var plain = await MedianAsync([.. queries.Take(20)], query =>
        {
            for (var row = 0; row < examples; row++) TensorPrimitives.Dot(query, matrix.AsSpan(row * Dimensions, Dimensions));
            return Task.CompletedTask;
        });
        Figure.Print(
        [
            new("nearest-ms", alone, "ms", LimitMilliseconds, $"one search; {compared.Order().ElementAt(searches / 2):N0} of {examples:N0} rows compared in full"),
            new("nearest-8-ms", together / AtOnce, "ms", null, $"a search, {AtOnce} at a time"),
            new("nearest-plain-ms", plain, "ms", null, "every float on one thread"),
        ]);
        return 0;
    }

    private static async Task<double> MedianAsync(float[][] queries, Func<float[], Task> search)
    {
        await search(queries[0]);
        var milliseconds = new List<double>();
        foreach (var query in queries)
        {
            var started = Stopwatch.GetTimestamp();
            await search(query);
            milliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return milliseconds.Order().ElementAt(milliseconds.Count / 2);
    }

    private static float[] Synthetic(int rows)
    {
        var matrix = new float[rows * Dimensions];
        Parallel.For(0, rows, row => Vector(new Random(row), row % Labels).CopyTo(matrix, row * Dimensions));
        return matrix;
    }

    /// <summary>Not negative, with a mean near 0.4; a label's vectors lie near each other, as a backbone's do.</summary>
    private static float[] Vector(Random random, int label)
    {
        var (centre, vector) = (new Random(-1 - label), new float[Dimensions]);
        for (var i = 0; i < Dimensions; i++) vector[i] = (float)((0.3 * Exponential(centre, 0.4)) + Exponential(random, 0.28));
        return vector;
    }

    private static double Exponential(Random random, double mean) => -mean * Math.Log(1 - random.NextDouble());
}
