using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// The inner loops of training, on panels of 32 units = two vectors. Every sum runs in one fixed order with fused
/// multiply-adds, whatever the vector width of the machine and the number of threads, so that results are the same bits.
/// </summary>
internal static unsafe class Kernels
{
    private const int Width = TrainingLayer.PanelWidth;
    private const int Lanes = 16;

    /// <summary>
    /// Rows of a panel: gradient = inputsᵀ · deltas, and the optimizer's step with it at once, while the weights are in
    /// registers' reach. <paramref name="rows"/> is a multiple of four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void UpdateWeights<TOptimizer>(
        float* weights, float* first, float* second, int rows, float* inputs, int inputStride, float* deltas, int deltaStride, int batch,
        TOptimizer optimizer)
        where TOptimizer : struct, IOptimizer
    {
        for (var row = 0; row < rows; row += 4)
        {
            Vector512<float> g00 = default, g01 = default, g10 = default, g11 = default;
            Vector512<float> g20 = default, g21 = default, g30 = default, g31 = default;
            var input = inputs + row;
            var delta = deltas;
            for (var example = 0; example < batch; example++)
            {
                var d0 = Vector512.Load(delta);
                var d1 = Vector512.Load(delta + Lanes);
                var x0 = Vector512.Create(input[0]);
                g00 = Vector512.FusedMultiplyAdd(d0, x0, g00);
                g01 = Vector512.FusedMultiplyAdd(d1, x0, g01);
                var x1 = Vector512.Create(input[1]);
                g10 = Vector512.FusedMultiplyAdd(d0, x1, g10);
                g11 = Vector512.FusedMultiplyAdd(d1, x1, g11);
                var x2 = Vector512.Create(input[2]);
                g20 = Vector512.FusedMultiplyAdd(d0, x2, g20);
                g21 = Vector512.FusedMultiplyAdd(d1, x2, g21);
                var x3 = Vector512.Create(input[3]);
                g30 = Vector512.FusedMultiplyAdd(d0, x3, g30);
                g31 = Vector512.FusedMultiplyAdd(d1, x3, g31);
                input += inputStride;
                delta += deltaStride;
            }

            var w = weights + ((long)row * Width);
            var m = first + ((long)row * Width);
            var v = second + ((long)row * Width);
            optimizer.Step(w, m, v, g00);
            optimizer.Step(w + Lanes, m + Lanes, v + Lanes, g01);
            optimizer.Step(w + (2 * Lanes), m + (2 * Lanes), v + (2 * Lanes), g10);
            optimizer.Step(w + (3 * Lanes), m + (3 * Lanes), v + (3 * Lanes), g11);
            optimizer.Step(w + (4 * Lanes), m + (4 * Lanes), v + (4 * Lanes), g20);
            optimizer.Step(w + (5 * Lanes), m + (5 * Lanes), v + (5 * Lanes), g21);
            optimizer.Step(w + (6 * Lanes), m + (6 * Lanes), v + (6 * Lanes), g30);
            optimizer.Step(w + (7 * Lanes), m + (7 * Lanes), v + (7 * Lanes), g31);
        }
    }

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
    /// Adds to the panel's sums what these rows of its weights contribute: sums += inputs · weights.
    /// <paramref name="batch"/> is a multiple of four.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddProducts(
        float* weights, int rows, float* inputs, int inputStride, float* sums, int sumStride, int batch)
    {
        for (var example = 0; example < batch; example += 4)
        {
            var x0 = inputs + ((long)example * inputStride);
            var x1 = x0 + inputStride;
            var x2 = x1 + inputStride;
            var x3 = x2 + inputStride;
            var z0 = sums + ((long)example * sumStride);
            var z1 = z0 + sumStride;
            var z2 = z1 + sumStride;
            var z3 = z2 + sumStride;
            var s00 = Vector512.Load(z0);
            var s01 = Vector512.Load(z0 + Lanes);
            var s10 = Vector512.Load(z1);
            var s11 = Vector512.Load(z1 + Lanes);
            var s20 = Vector512.Load(z2);
            var s21 = Vector512.Load(z2 + Lanes);
            var s30 = Vector512.Load(z3);
            var s31 = Vector512.Load(z3 + Lanes);
            var w = weights;
            for (var row = 0; row < rows; row++)
            {
                var w0 = Vector512.Load(w);
                var w1 = Vector512.Load(w + Lanes);
                var b0 = Vector512.Create(x0[row]);
                s00 = Vector512.FusedMultiplyAdd(w0, b0, s00);
                s01 = Vector512.FusedMultiplyAdd(w1, b0, s01);
                var b1 = Vector512.Create(x1[row]);
                s10 = Vector512.FusedMultiplyAdd(w0, b1, s10);
                s11 = Vector512.FusedMultiplyAdd(w1, b1, s11);
                var b2 = Vector512.Create(x2[row]);
                s20 = Vector512.FusedMultiplyAdd(w0, b2, s20);
                s21 = Vector512.FusedMultiplyAdd(w1, b2, s21);
                var b3 = Vector512.Create(x3[row]);
                s30 = Vector512.FusedMultiplyAdd(w0, b3, s30);
                s31 = Vector512.FusedMultiplyAdd(w1, b3, s31);
                w += Width;
            }

            s00.Store(z0);
            s01.Store(z0 + Lanes);
            s10.Store(z1);
            s11.Store(z1 + Lanes);
            s20.Store(z2);
            s21.Store(z2 + Lanes);
            s30.Store(z3);
            s31.Store(z3 + Lanes);
        }
    }

    /// <summary>
    /// What the loss owes to inputs <paramref name="firstInput"/> … + 3 of a layer: the four sums over its units of
    /// delta · weight, for one example.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Vector128<float> BackwardFour(TrainingLayer layer, int firstInput, float* deltas)
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default;
        var weights = layer.Weights(0) + ((long)firstInput * Width);
        var panelLength = (long)layer.PaddedInputs * Width;
        for (var panel = 0; panel < layer.Panels; panel++)
        {
            var d0 = Vector512.Load(deltas);
            var d1 = Vector512.Load(deltas + Lanes);
            s0 = Vector512.FusedMultiplyAdd(d0, Vector512.Load(weights), s0);
            s1 = Vector512.FusedMultiplyAdd(d0, Vector512.Load(weights + Width), s1);
            s2 = Vector512.FusedMultiplyAdd(d0, Vector512.Load(weights + (2 * Width)), s2);
            s3 = Vector512.FusedMultiplyAdd(d0, Vector512.Load(weights + (3 * Width)), s3);
            s0 = Vector512.FusedMultiplyAdd(d1, Vector512.Load(weights + Lanes), s0);
            s1 = Vector512.FusedMultiplyAdd(d1, Vector512.Load(weights + Width + Lanes), s1);
            s2 = Vector512.FusedMultiplyAdd(d1, Vector512.Load(weights + (2 * Width) + Lanes), s2);
            s3 = Vector512.FusedMultiplyAdd(d1, Vector512.Load(weights + (3 * Width) + Lanes), s3);
            weights += panelLength;
            deltas += Width;
        }

        return Vector128.Create(Sum(s0), Sum(s1), Sum(s2), Sum(s3));
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
