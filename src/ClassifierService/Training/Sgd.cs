using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// Gradient descent with momentum as Keras 3 writes it (keras/src/optimizers/sgd.py, update_step, nesterov off). A step
/// with gradient g is
/// <code>
/// velocity  ← momentum · velocity − learning rate · g
/// parameter ← parameter + velocity
/// </code>
/// With momentum 0 that is plain gradient descent.
/// </summary>
internal readonly unsafe struct Sgd(float learningRate, float momentum) : IOptimizer
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient)
    {
        var velocity = (Vector512.Load(first) * Vector512.Create(momentum)) - (gradient * Vector512.Create(learningRate));
        velocity = Moments.Flush(velocity);
        velocity.Store(first);
        var moved = Vector512.Load(parameters) + velocity;
        moved.Store(parameters);
        return moved;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Rest(float* parameters, float* first, float* second) => Step(parameters, first, second, Vector512<float>.Zero);
}
