namespace Topfive.ClassifierService;

/// <summary>The largest of many probabilities.</summary>
internal static class TopLabels
{
    /// <summary>The most labels that one call may ask for.</summary>
    public const int Limit = 2_000;

    /// <summary>Fills <paramref name="best"/> with the indexes of the largest, best first; of equals the smaller index first.</summary>
    /// <param name="probabilities">Not negative, not NaN.</param>
    /// <param name="best">At least one; at most as long as <paramref name="probabilities"/>, and than <see cref="Limit"/>.</param>
    public static void Find(ReadOnlySpan<float> probabilities, Span<int> best)
    {
        // One number orders by both: floats that are not negative order as their bits do.
        Span<ulong> keys = stackalloc ulong[best.Length];
        var found = 0;
        for (var index = 0; index < probabilities.Length; index++)
        {
            var key = ((ulong)~BitConverter.SingleToUInt32Bits(probabilities[index]) << 32) | (uint)index;
            if (found == keys.Length && key > keys[^1]) continue;
            var place = ~keys[..found].BinarySearch(key);
            if (found < keys.Length) found++;
            keys[place..(found - 1)].CopyTo(keys[(place + 1)..]);
            keys[place] = key;
        }

        for (var place = 0; place < best.Length; place++) best[place] = (int)(uint)keys[place];
    }
}
