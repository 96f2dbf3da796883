using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>What optimizers remember of the gradients before.</summary>
internal static class Moments
{
    /// <summary>
    /// So small a moment moves no parameter by a float's resolution any more. Left to decay further it would become
    /// denormal, which costs a processor dozens of cycles a number.
    /// </summary>
    public const float Negligible = 1e-30f;

    /// <summary>Negligible numbers become zero; what is not a number stays so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Flush(Vector512<float> moment) =>
        Vector512.AndNot(moment, Vector512.LessThan(Vector512.Abs(moment), Vector512.Create(Negligible)));
}
