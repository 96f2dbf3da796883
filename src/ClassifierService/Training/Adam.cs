using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// Adam (Kingma, Ba: Adam: a method for stochastic optimization, ICLR 2015) as Keras 3 writes it
/// (keras/src/optimizers/adam.py, update_step), with its defaults. Step number t, from 1, with gradient g is
/// <code>
/// alpha     = learning rate · √(1 − beta2ᵗ) / (1 − beta1ᵗ)
/// first     ← first  + (g  − first)  · (1 − beta1)
/// second    ← second + (g² − second) · (1 − beta2)
/// parameter ← parameter − first · alpha / (√second + epsilon)
/// </code>
/// with epsilon beside the root, of the second moment before its bias is corrected (the paper's "epsilon hat").
/// </summary>
internal readonly unsafe struct Adam : IOptimizer
{
    public const double Beta1 = 0.9;
    public const double Beta2 = 0.999;
    public const float Epsilon = 1e-7f;

    private readonly float _alpha;

    /// <param name="learningRate">The recipe's.</param>
    /// <param name="step">From 1.</param>
    public Adam(float learningRate, ulong step) =>
        _alpha = (float)(learningRate * Math.Sqrt(1 - Math.Pow(Beta2, step)) / (1 - Math.Pow(Beta1, step)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient)
    {
        var mean = Vector512.Load(first);
        mean = Moments.Flush(Vector512.FusedMultiplyAdd(gradient - mean, Vector512.Create((float)(1 - Beta1)), mean));
        mean.Store(first);
        var variance = Vector512.Load(second);
        var square = Vector512.FusedMultiplyAdd(gradient, gradient, -variance);
        variance = Moments.Flush(Vector512.FusedMultiplyAdd(square, Vector512.Create((float)(1 - Beta2)), variance));
        variance.Store(second);
        var increment = mean * Vector512.Create(_alpha) / (Vector512.Sqrt(variance) + Vector512.Create(Epsilon));
        var moved = Vector512.Load(parameters) - increment;
        moved.Store(parameters);
        return moved;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Rest(float* parameters, float* first, float* second) => Step(parameters, first, second, Vector512<float>.Zero);
}
