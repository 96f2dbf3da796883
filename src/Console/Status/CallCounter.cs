namespace Topfive.Consoles;

/// <summary>Calls by how long they took.</summary>
internal sealed class CallCounter
{
    private readonly long[] _buckets = new long[CallCounts.Buckets];
    private long _failed;

    public void Count(double seconds, bool failed)
    {
        Interlocked.Increment(ref _buckets[CallCounts.BucketOf(seconds)]);
        if (failed) Interlocked.Increment(ref _failed);
    }

    public CallCounts Read()
    {
        var copy = new long[_buckets.Length];
        for (var i = 0; i < copy.Length; i++) copy[i] = Interlocked.Read(ref _buckets[i]);
        return new CallCounts(copy, Interlocked.Read(ref _failed));
    }
}

/// <param name="Durations">Calls in each bucket of durations; bucket i ends at <c>Shortest × 2^(i/2)</c>.</param>
/// <param name="Failed">Those with another status than OK.</param>
internal sealed record CallCounts(long[] Durations, long Failed)
{
    public const int Buckets = 46;

    private const double Shortest = 0.0001;

    public long Calls => Durations.Sum();

    public static int BucketOf(double seconds) => seconds <= Shortest ? 0 : Math.Min(Buckets - 1, (int)Math.Ceiling(2 * Math.Log2(seconds / Shortest)));

    /// <param name="share">0 to 1; 0.5: the median.</param>
    /// <returns>Seconds, to about a fifth: calls of one bucket are taken as spread over it evenly.</returns>
    public double Quantile(double share)
    {
        var rank = share * Calls;
        var below = 0L;
        for (var i = 0; i < Durations.Length; i++)
        {
            if (Durations[i] > 0 && below + Durations[i] >= rank)
            {
                var from = i == 0 ? 0 : EndOf(i - 1);
                return from + ((EndOf(i) - from) * Math.Clamp((rank - below) / Durations[i], 0, 1));
            }

            below += Durations[i];
        }

        return 0;
    }

    public CallCounts Less(CallCounts earlier) => new([.. Durations.Zip(earlier.Durations, (now, then) => now - then)], Failed - earlier.Failed);

    private static double EndOf(int bucket) => Shortest * Math.Pow(2, bucket / 2.0);
}
