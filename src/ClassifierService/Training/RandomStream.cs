using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>What a stream of random numbers is for; streams of different purposes are independent.</summary>
internal enum RandomPurpose : ulong
{
    /// <summary>Numbered by layer.</summary>
    InitialWeights = 1,

    /// <summary>Numbered by epoch.</summary>
    Shuffle = 2,

    /// <summary>Numbered by 64 × step + layer.</summary>
    Dropout = 3,

    /// <summary>One stream.</summary>
    PrincipalAxes = 4,
}

/// <summary>
/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014) read by position,
/// so that a value depends on the seed and its place alone, never on which thread asks first.
/// </summary>
internal readonly struct RandomStream
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;
    private const ulong FirstMultiplier = 0xBF58476D1CE4E5B9;
    private const ulong SecondMultiplier = 0x94D049BB133111EB;

    private readonly ulong _key;

    public RandomStream(ulong seed, RandomPurpose purpose, ulong number) =>
        _key = Mix(Mix(seed + (Gamma * (ulong)purpose)) + (Gamma * number));

    /// <summary>64 random bits.</summary>
    public ulong At(ulong position) => Mix(_key + (Gamma * (position + 1)));

    /// <summary>The 64-bit values of eight positions: sixteen 32-bit ones, the low half of each first.</summary>
    public Vector512<uint> SixteenAt(ulong position)
    {
        var z = Vector512.Create(_key + (Gamma * (position + 1)))
            + (Vector512<ulong>.Indices * Gamma);
        z = (z ^ (z >>> 30)) * FirstMultiplier;
        z = (z ^ (z >>> 27)) * SecondMultiplier;
        return (z ^ (z >>> 31)).AsUInt32();
    }

    /// <summary>Uniform in [0, 1), in steps of 2⁻²⁴.</summary>
    public float UniformAt(ulong position) => (At(position) >> 40) * (1f / (1 << 24));

    /// <summary>Fisher–Yates from the end: value number i picks the partner of place n − 1 − i.</summary>
    public void Shuffle(Span<int> items)
    {
        for (var last = items.Length - 1; last > 0; last--)
        {
            var partner = (int)Math.BigMul(At((ulong)(items.Length - 1 - last)), (ulong)(last + 1), out _);
            (items[last], items[partner]) = (items[partner], items[last]);
        }
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * FirstMultiplier;
        z = (z ^ (z >> 27)) * SecondMultiplier;
        return z ^ (z >> 31);
    }
}
