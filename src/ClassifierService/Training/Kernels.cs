using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// The smaller loops of training, on panels of 32 units = two vectors. Every sum runs in one fixed order with fused
/// multiply-adds, whatever the vector width of the machine and the number of threads, so that results are the same bits.
/// </summary>
internal static unsafe class Kernels
{
    private const int Width = TrainingLayer.PanelWidth;
    private const int Lanes = 16;

    /// <summary>A panel's biases: gradient = sum of the deltas, and the optimizer's step with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void UpdateBiases<TOptimizer>(
        float* biases, float* first, float* second, float* deltas, int deltaStride, int batch, TOptimizer optimizer)
        where TOptimizer : struct, IOptimizer
    {
        Vector512<float> g0 = default, g1 = default;
        for (var example = 0; example < batch; example++)
        {
            g0 += Vector512.Load(deltas);
            g1 += Vector512.Load(deltas + Lanes);
            deltas += deltaStride;
        }

        optimizer.Step(biases, first, second, g0);
        optimizer.Step(biases + Lanes, first + Lanes, second + Lanes, g1);
    }

    /// <summary>
    /// What the loss owes to a panel's worth of a layer's inputs, for four examples: delta · weight, summed over the layer's units.
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="firstInput">A multiple of the panel's width.</param>
    /// <param name="deltas">The layer's, of the first example.</param>
    /// <param name="deltaStride">From one example's to the next one's.</param>
    /// <param name="gradients">Gets the first example's; the others' follow, each a panel's width.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void BackwardFour(TrainingLayer layer, int firstInput, float* deltas, nint deltaStride, float* gradients)
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, t0 = default, t1 = default, t2 = default, t3 = default;
        var tile = firstInput / TrainingLayer.TileWidth;
        var weights = layer.Weights(tile, 0) + (firstInput % TrainingLayer.TileWidth);
        var width = layer.WidthOf(tile);
        for (var unit = 0; unit < layer.Units; unit++)
        {
            var (w0, w1) = (Vector512.Load(weights), Vector512.Load(weights + Lanes));
            var (d0, d1) = (Vector512.Create(deltas[0]), Vector512.Create(deltas[deltaStride]));
            var (d2, d3) = (Vector512.Create(deltas[2 * deltaStride]), Vector512.Create(deltas[3 * deltaStride]));
            s0 = Vector512.FusedMultiplyAdd(w0, d0, s0);
            t0 = Vector512.FusedMultiplyAdd(w1, d0, t0);
            s1 = Vector512.FusedMultiplyAdd(w0, d1, s1);
            t1 = Vector512.FusedMultiplyAdd(w1, d1, t1);
            s2 = Vector512.FusedMultiplyAdd(w0, d2, s2);
            t2 = Vector512.FusedMultiplyAdd(w1, d2, t2);
            s3 = Vector512.FusedMultiplyAdd(w0, d3, s3);
            t3 = Vector512.FusedMultiplyAdd(w1, d3, t3);
            weights += width;
            deltas++;
        }

        s0.Store(gradients);
        t0.Store(gradients + Lanes);
        s1.Store(gradients + Width);
        t1.Store(gradients + Width + Lanes);
        s2.Store(gradients + (2 * Width));
        t2.Store(gradients + (2 * Width) + Lanes);
        s3.Store(gradients + (3 * Width));
        t3.Store(gradients + (3 * Width) + Lanes);
    }

    /// <summary>The lanes' sum, in an order that this code fixes (the library's is the machine's choice).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Vector512<float> lanes)
    {
        var eight = lanes.GetLower() + lanes.GetUpper();
        var four = eight.GetLower() + eight.GetUpper();
        return (four[0] + four[2]) + (four[1] + four[3]);
    }

    /// <summary>The largest lane.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(Vector512<float> lanes)
    {
        var eight = Vector256.Max(lanes.GetLower(), lanes.GetUpper());
        var four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[2]), MathF.Max(four[1], four[3]));
    }
}
