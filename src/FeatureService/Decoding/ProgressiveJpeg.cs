namespace Topfive.FeatureService;

/// <summary>
/// A progressive JPEG paints the whole image several times, finer each time. The decoder takes any beginning of it for
/// an image, only a blurred one; that the file goes on to its end has to be looked up here.
/// </summary>
internal static class ProgressiveJpeg
{
    private const byte Marker = 0xff;
    private const byte ProgressiveFrame = 0xc2;
    private const byte StartOfScan = 0xda;
    private const byte EndOfImage = 0xd9;

    /// <returns>True for a progressive JPEG that ends before its end-of-image marker.</returns>
    public static bool IsCutShort(ReadOnlySpan<byte> jpeg)
    {
        var progressive = false;
        var rest = jpeg[2..];
        while (true)
        {
            // To the next marker: over fill bytes, and over the data of a scan, where a stuffed 0 or a restart follows 0xff.
            var at = rest.IndexOf(Marker);
            if (at < 0 || at + 1 >= rest.Length)
            {
                return progressive;
            }

            var kind = rest[at + 1];
            rest = rest[(kind == Marker ? at + 1 : at + 2)..];
            if (kind is Marker or 0 or 1 or (>= 0xd0 and <= 0xd7))
            {
                continue;
            }

            if (kind == EndOfImage || (kind == StartOfScan && !progressive))
            {
                return false;
            }

            progressive |= kind == ProgressiveFrame;
            if (rest.Length < 2 || rest.Length < (rest[0] << 8 | rest[1]))
            {
                return progressive;
            }

            rest = rest[(rest[0] << 8 | rest[1])..];
        }
    }
}
