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
    /// Adds to the panel's sums what these rows of its weights contribute: sums += inputs · weights. Both have a multiple
    /// of four examples; twelve at a time fill the registers, and load each weight once.
    /// </summary>
    public static void AddProducts(
        float* weights, int rows, float* inputs, int inputStride, float* sums, int sumStride, int batch)
    {
        var example = 0L;
        for (; example + 8 < batch; example += 12)
        {
            AddTwelve(weights, rows, inputs + (example * inputStride), inputStride, sums + (example * sumStride), sumStride);
        }

        for (; example < batch; example += 4)
        {
            AddFour(weights, rows, inputs + (example * inputStride), inputStride, sums + (example * sumStride), sumStride);
        }
    }

    /// <summary>24 sums, 2 weights and an input: 27 of 32 registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddTwelve(float* weights, int rows, float* inputs, nint inputStride, float* sums, nint sumStride)
    {
        var x0 = inputs;
        var x4 = x0 + (4 * inputStride);
        var x8 = x4 + (4 * inputStride);
        var (twice, thrice) = (2 * inputStride, 3 * inputStride);
        var (s0, t0) = (Vector512.Load(sums), Vector512.Load(sums + Lanes));
        var (s1, t1) = (Vector512.Load(sums + (1 * sumStride)), Vector512.Load(sums + (1 * sumStride) + Lanes));
        var (s2, t2) = (Vector512.Load(sums + (2 * sumStride)), Vector512.Load(sums + (2 * sumStride) + Lanes));
        var (s3, t3) = (Vector512.Load(sums + (3 * sumStride)), Vector512.Load(sums + (3 * sumStride) + Lanes));
        var (s4, t4) = (Vector512.Load(sums + (4 * sumStride)), Vector512.Load(sums + (4 * sumStride) + Lanes));
        var (s5, t5) = (Vector512.Load(sums + (5 * sumStride)), Vector512.Load(sums + (5 * sumStride) + Lanes));
        var (s6, t6) = (Vector512.Load(sums + (6 * sumStride)), Vector512.Load(sums + (6 * sumStride) + Lanes));
        var (s7, t7) = (Vector512.Load(sums + (7 * sumStride)), Vector512.Load(sums + (7 * sumStride) + Lanes));
        var (s8, t8) = (Vector512.Load(sums + (8 * sumStride)), Vector512.Load(sums + (8 * sumStride) + Lanes));
        var (s9, t9) = (Vector512.Load(sums + (9 * sumStride)), Vector512.Load(sums + (9 * sumStride) + Lanes));
        var (s10, t10) = (Vector512.Load(sums + (10 * sumStride)), Vector512.Load(sums + (10 * sumStride) + Lanes));
        var (s11, t11) = (Vector512.Load(sums + (11 * sumStride)), Vector512.Load(sums + (11 * sumStride) + Lanes));
        for (var row = 0; row < rows; row++)
        {
            var (w0, w1) = (Vector512.Load(weights), Vector512.Load(weights + Lanes));
            var b0 = Vector512.Create(*x0);
            s0 = Vector512.FusedMultiplyAdd(w0, b0, s0);
            t0 = Vector512.FusedMultiplyAdd(w1, b0, t0);
            var b1 = Vector512.Create(x0[inputStride]);
            s1 = Vector512.FusedMultiplyAdd(w0, b1, s1);
            t1 = Vector512.FusedMultiplyAdd(w1, b1, t1);
            var b2 = Vector512.Create(x0[twice]);
            s2 = Vector512.FusedMultiplyAdd(w0, b2, s2);
            t2 = Vector512.FusedMultiplyAdd(w1, b2, t2);
            var b3 = Vector512.Create(x0[thrice]);
            s3 = Vector512.FusedMultiplyAdd(w0, b3, s3);
            t3 = Vector512.FusedMultiplyAdd(w1, b3, t3);
            var b4 = Vector512.Create(*x4);
            s4 = Vector512.FusedMultiplyAdd(w0, b4, s4);
            t4 = Vector512.FusedMultiplyAdd(w1, b4, t4);
            var b5 = Vector512.Create(x4[inputStride]);
            s5 = Vector512.FusedMultiplyAdd(w0, b5, s5);
            t5 = Vector512.FusedMultiplyAdd(w1, b5, t5);
            var b6 = Vector512.Create(x4[twice]);
            s6 = Vector512.FusedMultiplyAdd(w0, b6, s6);
            t6 = Vector512.FusedMultiplyAdd(w1, b6, t6);
            var b7 = Vector512.Create(x4[thrice]);
            s7 = Vector512.FusedMultiplyAdd(w0, b7, s7);
            t7 = Vector512.FusedMultiplyAdd(w1, b7, t7);
            var b8 = Vector512.Create(*x8);
            s8 = Vector512.FusedMultiplyAdd(w0, b8, s8);
            t8 = Vector512.FusedMultiplyAdd(w1, b8, t8);
            var b9 = Vector512.Create(x8[inputStride]);
            s9 = Vector512.FusedMultiplyAdd(w0, b9, s9);
            t9 = Vector512.FusedMultiplyAdd(w1, b9, t9);
            var b10 = Vector512.Create(x8[twice]);
            s10 = Vector512.FusedMultiplyAdd(w0, b10, s10);
            t10 = Vector512.FusedMultiplyAdd(w1, b10, t10);
            var b11 = Vector512.Create(x8[thrice]);
            s11 = Vector512.FusedMultiplyAdd(w0, b11, s11);
            t11 = Vector512.FusedMultiplyAdd(w1, b11, t11);
            x0++;
            x4++;
            x8++;
            weights += Width;
        }

        s0.Store(sums);
        t0.Store(sums + Lanes);
        s1.Store(sums + (1 * sumStride));
        t1.Store(sums + (1 * sumStride) + Lanes);
        s2.Store(sums + (2 * sumStride));
        t2.Store(sums + (2 * sumStride) + Lanes);
        s3.Store(sums + (3 * sumStride));
        t3.Store(sums + (3 * sumStride) + Lanes);
        s4.Store(sums + (4 * sumStride));
        t4.Store(sums + (4 * sumStride) + Lanes);
        s5.Store(sums + (5 * sumStride));
        t5.Store(sums + (5 * sumStride) + Lanes);
        s6.Store(sums + (6 * sumStride));
        t6.Store(sums + (6 * sumStride) + Lanes);
        s7.Store(sums + (7 * sumStride));
        t7.Store(sums + (7 * sumStride) + Lanes);
        s8.Store(sums + (8 * sumStride));
        t8.Store(sums + (8 * sumStride) + Lanes);
        s9.Store(sums + (9 * sumStride));
        t9.Store(sums + (9 * sumStride) + Lanes);
        s10.Store(sums + (10 * sumStride));
        t10.Store(sums + (10 * sumStride) + Lanes);
        s11.Store(sums + (11 * sumStride));
        t11.Store(sums + (11 * sumStride) + Lanes);
    }

    /// <summary>What twelve leave over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFour(float* weights, int rows, float* inputs, nint inputStride, float* sums, nint sumStride)
    {
        var x0 = inputs;
        var (twice, thrice) = (2 * inputStride, 3 * inputStride);
        var (s0, t0) = (Vector512.Load(sums), Vector512.Load(sums + Lanes));
        var (s1, t1) = (Vector512.Load(sums + (1 * sumStride)), Vector512.Load(sums + (1 * sumStride) + Lanes));
        var (s2, t2) = (Vector512.Load(sums + (2 * sumStride)), Vector512.Load(sums + (2 * sumStride) + Lanes));
        var (s3, t3) = (Vector512.Load(sums + (3 * sumStride)), Vector512.Load(sums + (3 * sumStride) + Lanes));
        for (var row = 0; row < rows; row++)
        {
            var (w0, w1) = (Vector512.Load(weights), Vector512.Load(weights + Lanes));
            var b0 = Vector512.Create(*x0);
            s0 = Vector512.FusedMultiplyAdd(w0, b0, s0);
            t0 = Vector512.FusedMultiplyAdd(w1, b0, t0);
            var b1 = Vector512.Create(x0[inputStride]);
            s1 = Vector512.FusedMultiplyAdd(w0, b1, s1);
            t1 = Vector512.FusedMultiplyAdd(w1, b1, t1);
            var b2 = Vector512.Create(x0[twice]);
            s2 = Vector512.FusedMultiplyAdd(w0, b2, s2);
            t2 = Vector512.FusedMultiplyAdd(w1, b2, t2);
            var b3 = Vector512.Create(x0[thrice]);
            s3 = Vector512.FusedMultiplyAdd(w0, b3, s3);
            t3 = Vector512.FusedMultiplyAdd(w1, b3, t3);
            x0++;
            weights += Width;
        }

        s0.Store(sums);
        t0.Store(sums + Lanes);
        s1.Store(sums + (1 * sumStride));
        t1.Store(sums + (1 * sumStride) + Lanes);
        s2.Store(sums + (2 * sumStride));
        t2.Store(sums + (2 * sumStride) + Lanes);
        s3.Store(sums + (3 * sumStride));
        t3.Store(sums + (3 * sumStride) + Lanes);
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
