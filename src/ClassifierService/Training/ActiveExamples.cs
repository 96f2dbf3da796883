using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Topfive.ClassifierService;

/// <summary>An example that moves a unit's weights.</summary>
/// <param name="Offset">From the micro-batch's first input to this example's first.</param>
/// <param name="Delta">The loss's gradient by the unit's sum for it, not zero.</param>
internal readonly record struct ActiveExample(int Offset, float Delta);

/// <summary>
/// For each micro-batch and unit of a layer, the examples whose delta is not zero: behind dropout and ReLU three in four are,
/// and a product with zero need not be made.
/// </summary>
/// <param name="batch">Examples of the largest batch.</param>
/// <param name="paddedUnits">Units of the layer, in whole panels.</param>
internal sealed unsafe class ActiveExamples(int batch, int paddedUnits) : IDisposable
{
    private const int Lanes = 16;

    private readonly AlignedFloats _examples = new(Length(batch, paddedUnits) * sizeof(ActiveExample) / sizeof(float));
    private readonly int[] _counts = new int[MicroBatch.CountOf(batch) * paddedUnits];

    public int Count(int microBatch, int unit) => _counts[(microBatch * paddedUnits) + unit];

    public ActiveExample* Of(int microBatch, int unit) =>
        (ActiveExample*)_examples.Pointer + ((((long)microBatch * paddedUnits) + unit) * MicroBatch.Most);

    /// <summary>Whether one of the micro-batches before this one has an example for the unit.</summary>
    public bool AnyBefore(int microBatch, int unit)
    {
        for (var number = 0; number < microBatch; number++)
        {
            if (Count(number, unit) > 0) return true;
        }

        return false;
    }

    /// <summary>Bytes that the lists take.</summary>
    public static long Bytes(int batch, int paddedUnits) => Length(batch, paddedUnits) * sizeof(ActiveExample);

    /// <param name="deltas">[example][unit].</param>
    /// <param name="inputStride">Numbers from an example's first input to the next one's.</param>
    /// <param name="examples">How many the batch has.</param>
    /// <param name="firstUnit">First of the units to list, a panel's first.</param>
    /// <param name="endUnit">Behind the last of them.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Collect(ActivationBuffer deltas, int inputStride, int examples, int firstUnit, int endUnit)
    {
        for (var number = 0; number < MicroBatch.CountOf(examples); number++)
        {
            var microBatch = MicroBatch.Of(examples, number);
            for (var block = firstUnit; block < endUnit; block += Lanes)
            {
                var list = Of(number, block);
                var counts = _counts.AsSpan((number * paddedUnits) + block, Lanes);
                counts.Clear();
                for (var place = 0; place < microBatch.Count; place++)
                {
                    var row = deltas.Row(microBatch.First + place) + block;
                    var zero = Vector512.Equals(Vector512.Load(row), Vector512<float>.Zero).ExtractMostSignificantBits();
                    for (var lane = 0; lane < Lanes; lane++)
                    {
                        // Written in any case, and left standing only if it is not zero: nothing to mispredict.
                        list[(lane * MicroBatch.Most) + counts[lane]] = new ActiveExample(place * inputStride, row[lane]);
                        counts[lane] += (int)(~zero >> lane) & 1;
                    }
                }
            }
        }
    }

    public void Dispose() => _examples.Dispose();

    private static long Length(int batch, int paddedUnits) => (long)MicroBatch.CountOf(batch) * paddedUnits * MicroBatch.Most;
}
