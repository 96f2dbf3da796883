namespace Topfive.ClassifierService;

/// <summary>
/// How many sums <see cref="UnitKernel"/> holds in registers at once. Types, so that it is compiled once for each number and
/// its inner loop makes no product too many.
/// </summary>
internal interface ISumCount
{
    static abstract int Count { get; }
}

internal readonly struct NoSums : ISumCount
{
    public static int Count => 0;
}

internal readonly struct OneSum : ISumCount
{
    public static int Count => 1;
}

internal readonly struct TwoSums : ISumCount
{
    public static int Count => 2;
}

internal readonly struct ThreeSums : ISumCount
{
    public static int Count => 3;
}

internal readonly struct FourSums : ISumCount
{
    public static int Count => 4;
}

internal readonly struct FiveSums : ISumCount
{
    public static int Count => 5;
}

internal readonly struct SixSums : ISumCount
{
    public static int Count => 6;
}

internal readonly struct SevenSums : ISumCount
{
    public static int Count => 7;
}

internal readonly struct EightSums : ISumCount
{
    public static int Count => 8;
}
