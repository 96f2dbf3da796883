using System.Numerics.Tensors;

namespace Topfive.ClassifierService;

/// <summary>Vectors as seen along axes.</summary>
internal static class Projections
{
    /// <returns>Row-major [rows, axes]: (row − mean) · axis.</returns>
    public static float[] Of(TrainingData data, int[] rows, float[] mean, float[] axes, ParallelOptions threads)
    {
        var (dimensions, count) = (data.Dimensions, axes.Length / data.Dimensions);
        var projections = new float[rows.Length * count];
        float[] offsets = [.. Enumerable.Range(0, count).Select(axis => TensorPrimitives.Dot(mean, axes.AsSpan(axis * dimensions, dimensions)))];
        Parallel.For(0, rows.Length, threads, row =>
        {
            for (var axis = 0; axis < count; axis++)
            {
                projections[(row * count) + axis] = TensorPrimitives.Dot(data.Row(rows[row]), axes.AsSpan(axis * dimensions, dimensions)) - offsets[axis];
            }
        });
        return projections;
    }
}
