using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// One step of an optimizer on sixteen parameters. Structs, so that <see cref="UnitKernel"/> is compiled once for each and
/// its inner loops neither branch nor call.
/// </summary>
internal unsafe interface IOptimizer
{
    /// <param name="parameters">Sixteen weights or biases, which move.</param>
    /// <param name="first">Their first moment, or the only one.</param>
    /// <param name="second">Their second moment; only <see cref="Adam"/> has one.</param>
    /// <param name="gradient">Of the loss, by each.</param>
    /// <returns>The parameters as they are now.</returns>
    Vector512<float> Step(float* parameters, float* first, float* second, Vector512<float> gradient);

    /// <summary>The same with a gradient of zero, for which an optimizer may have less to do.</summary>
    /// <returns>The parameters as they are now.</returns>
    Vector512<float> Rest(float* parameters, float* first, float* second);
}
