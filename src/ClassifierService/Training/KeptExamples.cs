using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>
/// Which examples of a micro-batch each unit of a layer has an output for: those that dropout keeps. The others' sums need
/// not be known.
/// </summary>
/// <param name="paddedUnits">Units of the layer, in whole panels.</param>
internal sealed unsafe class KeptExamples(int paddedUnits)
{
    private const int Lanes = 16;

    private readonly int[] _examples = GC.AllocateArray<int>(paddedUnits * MicroBatch.Most, pinned: true);
    private readonly int[] _counts = new int[paddedUnits];

    /// <summary>How many this unit keeps.</summary>
    public int Count(int unit) => _counts[unit];

    /// <summary>Their places in the micro-batch, in order.</summary>
    public int* Of(int unit) => (int*)Unsafe.AsPointer(ref _examples[unit * MicroBatch.Most]);

    /// <summary>Without dropout.</summary>
    public void KeepAll(int examples, int firstUnit, int endUnit)
    {
        for (var unit = firstUnit; unit < endUnit; unit++)
        {
            var list = Of(unit);
            for (var place = 0; place < examples; place++) list[place] = place;
            _counts[unit] = examples;
        }
    }

    /// <summary>
    /// A unit is kept for an example when its 32 random bits reach <paramref name="dropout"/> × 2³². They are number
    /// (example of the batch × padded units + unit) of the stream.
    /// </summary>
    /// <param name="random">The step's and layer's.</param>
    /// <param name="dropout">Share to drop.</param>
    /// <param name="examples">Of the batch.</param>
    /// <param name="firstUnit">First of the units to draw for, a panel's first.</param>
    /// <param name="endUnit">Behind the last of them.</param>
    public void Draw(RandomStream random, float dropout, MicroBatch examples, int firstUnit, int endUnit)
    {
        var threshold = Vector512.Create((uint)(dropout * 4294967296.0));
        for (var block = firstUnit; block < endUnit; block += Lanes)
        {
            var list = Of(block);
            var counts = _counts.AsSpan(block, Lanes);
            counts.Clear();
            for (var place = 0; place < examples.Count; place++)
            {
                var bits = random.SixteenAt((((ulong)(examples.First + place) * (ulong)paddedUnits) + (ulong)block) / 2);
                var kept = Vector512.GreaterThanOrEqual(bits, threshold).ExtractMostSignificantBits();
                for (var lane = 0; lane < Lanes; lane++)
                {
                    // Written in any case, and left standing only if kept: nothing to mispredict.
                    list[(lane * MicroBatch.Most) + counts[lane]] = place;
                    counts[lane] += (int)(kept >> lane) & 1;
                }
            }
        }
    }
}
