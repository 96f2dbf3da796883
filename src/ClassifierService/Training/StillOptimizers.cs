using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>Leaves the weights as they are: where only products are wanted.</summary>
internal readonly unsafe struct Still : IOptimizer
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient) => Vector512.Load(parameters);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Rest(float* parameters, float* first, float* second) => Vector512.Load(parameters);
}

/// <summary>The optimizer of a unit that no example moves.</summary>
internal readonly unsafe struct Resting<TOptimizer>(TOptimizer optimizer) : IOptimizer
    where TOptimizer : struct, IOptimizer
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient) => Rest(parameters, first, second);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<float> Rest(float* parameters, float* first, float* second) => optimizer.Rest(parameters, first, second);
}
