using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// The innermost loop of training. For four vectors of a unit's weights at a time: their gradient over the examples that
/// have one, the optimizer's step, and, while the new weights are in registers, what they add to the sums of the next
/// batch. The processor divides and takes roots beside the products that follow. Every sum runs in one fixed order with
/// fused multiply-adds, whatever the vector width of the machine, so that results are the same bits.
/// </summary>
internal static unsafe class UnitKernel
{
    private const int Lanes = 16;

    /// <param name="tile">What learns.</param>
    /// <param name="gradient">From the batch before.</param>
    /// <param name="products">For the next batch; of no examples when there is none.</param>
    /// <param name="optimizer">Who moves the weights.</param>
    public static void Run<TOptimizer>(in UnitTile tile, in UnitGradient gradient, in UnitProducts products, TOptimizer optimizer)
        where TOptimizer : struct, IOptimizer
    {
        if (gradient.IsZero) RunEight(tile, gradient, products, 0, new Resting<TOptimizer>(optimizer));
        else RunEight(tile, gradient, products, 0, optimizer);
        for (var listed = 8; listed < products.Count; listed += 8) RunEight<Still>(tile, default, products, listed, default);
    }

    /// <summary>Adds to the sums what weights contribute that stay as they are.</summary>
    public static void Forward(in UnitTile tile, in UnitProducts products)
    {
        for (var listed = 0; listed < products.Count; listed += 8) RunEight<Still>(tile, default, products, listed, default);
    }

    /// <summary>Leaves a micro-batch's part of the gradient at <paramref name="sums"/>, with the parts before it.</summary>
    /// <param name="gradient">One micro-batch's.</param>
    /// <param name="width">Weights, whole groups.</param>
    /// <param name="sums">One a weight; may be where the parts before it are.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void AddGradient(UnitGradient gradient, int width, float* sums)
    {
        for (nint column = 0; column < width; column += 4 * Lanes)
        {
            Gradient(gradient.Examples, gradient.End, gradient.Inputs, gradient.Partial, column, out var g0, out var g1, out var g2, out var g3);
            g0.Store(sums + column);
            g1.Store(sums + column + Lanes);
            g2.Store(sums + column + (2 * Lanes));
            g3.Store(sums + column + (3 * Lanes));
        }
    }

    private static void RunEight<TOptimizer>(
        in UnitTile tile, in UnitGradient gradient, in UnitProducts products, int listed, TOptimizer optimizer)
        where TOptimizer : struct, IOptimizer
    {
        switch (products.Count - listed)
        {
            case <= 0: Run<TOptimizer, NoSums>(tile, gradient, products, listed, optimizer); break;
            case 1: Run<TOptimizer, OneSum>(tile, gradient, products, listed, optimizer); break;
            case 2: Run<TOptimizer, TwoSums>(tile, gradient, products, listed, optimizer); break;
            case 3: Run<TOptimizer, ThreeSums>(tile, gradient, products, listed, optimizer); break;
            case 4: Run<TOptimizer, FourSums>(tile, gradient, products, listed, optimizer); break;
            case 5: Run<TOptimizer, FiveSums>(tile, gradient, products, listed, optimizer); break;
            case 6: Run<TOptimizer, SixSums>(tile, gradient, products, listed, optimizer); break;
            case 7: Run<TOptimizer, SevenSums>(tile, gradient, products, listed, optimizer); break;
            default: Run<TOptimizer, EightSums>(tile, gradient, products, listed, optimizer); break;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TOptimizer, TSums>(in UnitTile tile, in UnitGradient gradient, in UnitProducts products, int listed, TOptimizer optimizer)
        where TOptimizer : struct, IOptimizer
        where TSums : struct, ISumCount
    {
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        float* x0 = null, x1 = null, x2 = null, x3 = null, x4 = null, x5 = null, x6 = null, x7 = null;
        var sums = products.Sums + (listed * Lanes);
        if (TSums.Count > 0)
        {
            x0 = products.Inputs(listed);
            s0 = Vector512.Load(sums);
        }

        if (TSums.Count > 1)
        {
            x1 = products.Inputs(listed + 1);
            s1 = Vector512.Load(sums + Lanes);
        }

        if (TSums.Count > 2)
        {
            x2 = products.Inputs(listed + 2);
            s2 = Vector512.Load(sums + (2 * Lanes));
        }

        if (TSums.Count > 3)
        {
            x3 = products.Inputs(listed + 3);
            s3 = Vector512.Load(sums + (3 * Lanes));
        }

        if (TSums.Count > 4)
        {
            x4 = products.Inputs(listed + 4);
            s4 = Vector512.Load(sums + (4 * Lanes));
        }

        if (TSums.Count > 5)
        {
            x5 = products.Inputs(listed + 5);
            s5 = Vector512.Load(sums + (5 * Lanes));
        }

        if (TSums.Count > 6)
        {
            x6 = products.Inputs(listed + 6);
            s6 = Vector512.Load(sums + (6 * Lanes));
        }

        if (TSums.Count > 7)
        {
            x7 = products.Inputs(listed + 7);
            s7 = Vector512.Load(sums + (7 * Lanes));
        }

        float* weights = tile.Weights, first = tile.First, second = tile.Second;
        var width = tile.Width;
        ActiveExample* examples = gradient.Examples, examplesEnd = gradient.End;
        float* gradientInputs = gradient.Inputs, partialGradient = gradient.Partial;
        for (nint column = 0; column < width; column += 4 * Lanes)
        {
            Gradient(examples, examplesEnd, gradientInputs, partialGradient, column, out var g0, out var g1, out var g2, out var g3);
            var w0 = optimizer.Step(weights + column, first + column, second + column, g0);
            AddProducts<TSums>(w0, column, x0, x1, x2, x3, x4, x5, x6, x7, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
            var w1 = optimizer.Step(weights + column + Lanes, first + column + Lanes, second + column + Lanes, g1);
            AddProducts<TSums>(w1, column + Lanes, x0, x1, x2, x3, x4, x5, x6, x7, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
            var w2 = optimizer.Step(weights + column + (2 * Lanes), first + column + (2 * Lanes), second + column + (2 * Lanes), g2);
            AddProducts<TSums>(w2, column + (2 * Lanes), x0, x1, x2, x3, x4, x5, x6, x7, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
            var w3 = optimizer.Step(weights + column + (3 * Lanes), first + column + (3 * Lanes), second + column + (3 * Lanes), g3);
            AddProducts<TSums>(w3, column + (3 * Lanes), x0, x1, x2, x3, x4, x5, x6, x7, ref s0, ref s1, ref s2, ref s3, ref s4, ref s5, ref s6, ref s7);
        }

        if (TSums.Count > 0) s0.Store(sums);
        if (TSums.Count > 1) s1.Store(sums + Lanes);
        if (TSums.Count > 2) s2.Store(sums + (2 * Lanes));
        if (TSums.Count > 3) s3.Store(sums + (3 * Lanes));
        if (TSums.Count > 4) s4.Store(sums + (4 * Lanes));
        if (TSums.Count > 5) s5.Store(sums + (5 * Lanes));
        if (TSums.Count > 6) s6.Store(sums + (6 * Lanes));
        if (TSums.Count > 7) s7.Store(sums + (7 * Lanes));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddProducts<TSums>(
        Vector512<float> w, nint column, float* x0, float* x1, float* x2, float* x3, float* x4, float* x5, float* x6, float* x7,
        ref Vector512<float> s0, ref Vector512<float> s1, ref Vector512<float> s2, ref Vector512<float> s3,
        ref Vector512<float> s4, ref Vector512<float> s5, ref Vector512<float> s6, ref Vector512<float> s7)
        where TSums : struct, ISumCount
    {
        if (TSums.Count > 0) s0 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x0 + column), s0);
        if (TSums.Count > 1) s1 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x1 + column), s1);
        if (TSums.Count > 2) s2 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x2 + column), s2);
        if (TSums.Count > 3) s3 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x3 + column), s3);
        if (TSums.Count > 4) s4 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x4 + column), s4);
        if (TSums.Count > 5) s5 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x5 + column), s5);
        if (TSums.Count > 6) s6 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x6 + column), s6);
        if (TSums.Count > 7) s7 = Vector512.FusedMultiplyAdd(w, Vector512.Load(x7 + column), s7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Gradient(
        ActiveExample* examples, ActiveExample* end, float* inputs, float* partials, nint column,
        out Vector512<float> g0, out Vector512<float> g1, out Vector512<float> g2, out Vector512<float> g3)
    {
        (g0, g1, g2, g3) = (default, default, default, default);
        if (partials != null)
        {
            var partial = partials + column;
            (g0, g1) = (Vector512.Load(partial), Vector512.Load(partial + Lanes));
            (g2, g3) = (Vector512.Load(partial + (2 * Lanes)), Vector512.Load(partial + (3 * Lanes)));
        }

        for (var example = examples; example < end; example++)
        {
            var delta = Vector512.Create(example->Delta);
            var input = inputs + example->Offset + column;
            g0 = Vector512.FusedMultiplyAdd(delta, Vector512.Load(input), g0);
            g1 = Vector512.FusedMultiplyAdd(delta, Vector512.Load(input + Lanes), g1);
            g2 = Vector512.FusedMultiplyAdd(delta, Vector512.Load(input + (2 * Lanes)), g2);
            g3 = Vector512.FusedMultiplyAdd(delta, Vector512.Load(input + (3 * Lanes)), g3);
        }
    }
}
