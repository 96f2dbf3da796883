using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// RMSprop with the constants that Keras' defaults set. A step with gradient g is
/// <code>
/// moment    ← rho · moment + (1 − rho) · g²
/// parameter ← parameter − learning rate · g / √(moment + epsilon)
/// </code>
/// with epsilon under the root: so writes Keras 3 (keras/src/optimizers/rmsprop.py, update_step), tf.keras since
/// TensorFlow 2.11 and TF.js. The older Keras 2 optimizer (keras/optimizers/optimizer_v2/rmsprop.py) and PyTorch add
/// epsilon to the root instead, which lengthens the steps of parameters whose gradients are below about 1e-3.
/// <see cref="Moments.Negligible"/> is added to each moment: beside epsilon it is nothing, and costs no instruction of its own.
/// </summary>
internal readonly unsafe struct RmsProp(float learningRate) : IOptimizer
{
    public const float Rho = 0.9f;

    /// <summary>Rounded once, from the double that Keras computes.</summary>
    public const float OneMinusRho = (float)(1 - 0.9);

    public const float Epsilon = 1e-7f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient)
    {
        var scaled = gradient * Vector512.Create(OneMinusRho);
        var moment = Vector512.FusedMultiplyAdd(scaled, gradient, Decayed(first));
        moment.Store(first);
        var increment = gradient * Vector512.Create(learningRate) / Vector512.Sqrt(moment + Vector512.Create(Epsilon));
        var moved = Vector512.Load(parameters) - increment;
        moved.Store(parameters);
        return moved;
    }

    /// <summary>No parameter moves, so there is nothing to divide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Rest(float* parameters, float* first, float* second)
    {
        Decayed(first).Store(first);
        return Vector512.Load(parameters);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Decayed(float* moments) =>
        Vector512.FusedMultiplyAdd(Vector512.Load(moments), Vector512.Create(Rho), Vector512.Create(Moments.Negligible));
}
