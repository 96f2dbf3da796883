using System.Numerics.Tensors;

namespace Topfive.ClassifierService;

/// <summary>
/// The directions along which training vectors vary most, by randomized subspace iteration (Halko, Martinsson, Tropp:
/// Finding Structure with Randomness, 2011, algorithm 4.4). The same data gives the same bits on any number of threads.
/// </summary>
internal static class PrincipalAxes
{
    /// <summary>Of more rows, every second, third … is looked at: directions need no more to be found.</summary>
    private const int MostRows = 4_096;

    private const int Iterations = 4;

    // 1 KB of each axis: all of them stay in a core's cache while the rows pass.
    private const int BlockColumns = 256;

    /// <param name="data">Where the rows are.</param>
    /// <param name="rows">Which to look at.</param>
    /// <param name="mean">Of those rows.</param>
    /// <param name="count">How many axes.</param>
    /// <param name="threads">How many to use.</param>
    /// <returns>Row-major [count, dimensions], of length 1 and at right angles; zeros where the rows vary in fewer directions.</returns>
    public static float[] Find(TrainingData data, int[] rows, float[] mean, int count, ParallelOptions threads)
    {
        var step = (rows.Length + MostRows - 1) / MostRows;
        int[] sample = [.. rows.Where((_, place) => place % step == 0)];
        var axes = RandomAxes(count, data.Dimensions);
        for (var iteration = 0; iteration < Iterations; iteration++)
        {
            axes = Multiply(data, sample, mean, Projections.Of(data, sample, mean, axes, threads), count, threads);
            MakeOrthonormal(axes, count, data.Dimensions);
        }

        return axes;
    }

    private static float[] RandomAxes(int count, int dimensions)
    {
        var random = new RandomStream(seed: 0, RandomPurpose.PrincipalAxes, number: 0);
        var axes = new float[count * dimensions];
        for (var i = 0; i < axes.Length; i++) axes[i] = random.UniformAt((ulong)i) - 0.5f;
        return axes;
    }

    /// <summary>Σ over the rows of (row − mean) times each of its projections: what a covariance does to each axis.</summary>
    private static float[] Multiply(TrainingData data, int[] rows, float[] mean, float[] projections, int count, ParallelOptions threads)
    {
        var dimensions = data.Dimensions;
        var products = new float[count * dimensions];
        Parallel.For(0, (dimensions + BlockColumns - 1) / BlockColumns, threads, block =>
        {
            var (first, columns) = (block * BlockColumns, Math.Min(BlockColumns, dimensions - (block * BlockColumns)));
            Span<float> centred = stackalloc float[columns];
            for (var i = 0; i < rows.Length; i++)
            {
                TensorPrimitives.Subtract(data.Row(rows[i]).Slice(first, columns), mean.AsSpan(first, columns), centred);
                for (var axis = 0; axis < count; axis++)
                {
                    var sums = products.AsSpan((axis * dimensions) + first, columns);
                    TensorPrimitives.MultiplyAdd(centred, projections[(i * count) + axis], sums, sums);
                }
            }
        });
        return products;
    }

    /// <summary>Gram–Schmidt, each axis twice: once leaves what rounding let through.</summary>
    private static void MakeOrthonormal(float[] axes, int count, int dimensions)
    {
        for (var axis = 0; axis < count; axis++)
        {
            var current = axes.AsSpan(axis * dimensions, dimensions);
            var length = TensorPrimitives.Norm<float>(current);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var before = 0; before < axis; before++)
                {
                    var other = axes.AsSpan(before * dimensions, dimensions);
                    TensorPrimitives.MultiplyAdd(other, -TensorPrimitives.Dot<float>(other, current), current, current);
                }
            }

            var left = TensorPrimitives.Norm<float>(current);
            if (left > 1e-6f * length) TensorPrimitives.Divide(current, left, current);
            else current.Clear();
        }
    }
}
