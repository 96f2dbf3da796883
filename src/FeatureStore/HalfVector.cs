using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Topfive.FeatureStore;

/// <summary>
/// A vector as IEEE 754 half-precision numbers, little-endian, and one byte behind them that marks it: the length is odd,
/// which no float32 vector's is. Rounding is to the nearest: a number of at least 6.1e-5 keeps a relative error of at
/// most 2⁻¹¹ (0.05 %), a smaller one an absolute error of at most 2⁻²⁵ (3e-8).
/// </summary>
internal static class HalfVector
{
    private const byte Mark = 0x16;

    /// <summary>False when a number is beyond ±65,504, which half precision would make infinite, or is none (NaN).</summary>
    public static bool CanHold(ReadOnlySpan<float> vector) =>
        vector.IsEmpty || Math.Abs(TensorPrimitives.MaxMagnitude(vector)) <= (float)Half.MaxValue;

    public static byte[] Pack(ReadOnlySpan<float> vector)
    {
        var stored = new byte[(vector.Length * 2) + 1];
        TensorPrimitives.ConvertToHalf(vector, MemoryMarshal.Cast<byte, Half>(stored.AsSpan()));
        stored[^1] = Mark;
        return stored;
    }

    /// <summary>Whether a stored value is one of these.</summary>
    public static bool Is(ReadOnlySpan<byte> stored) => stored.Length % 2 == 1 && stored[^1] == Mark;

    /// <returns>How many numbers there are.</returns>
    public static int Length(ReadOnlySpan<byte> stored) => stored.Length / 2;

    public static void Unpack(ReadOnlySpan<byte> stored, Span<float> vector) =>
        TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(stored), vector);
}
