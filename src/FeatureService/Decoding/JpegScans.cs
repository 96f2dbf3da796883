namespace Topfive.FeatureService;

/// <summary>
/// A progressive JPEG paints the whole image several times, finer each time. The decoder takes any beginning of it for
/// an image, only a blurred one; that the file goes on to its end has to be looked up here. Each painting costs time by the image's
/// size and next to no bytes, so that a small file can ask for thousands.
/// </summary>
/// <param name="Count">How often the image, or one of its components, is painted.</param>
/// <param name="KeepCoefficients">The decoder holds the whole image's coefficients until the last of them.</param>
/// <param name="EndEarly">It is progressive and ends before its end-of-image marker.</param>
internal readonly record struct JpegScans(int Count, bool KeepCoefficients, bool EndEarly)
{
    private const byte Marker = 0xff;
    private const byte ProgressiveFrame = 0xc2;
    private const byte StartOfScan = 0xda;
    private const byte EndOfImage = 0xd9;

    public static JpegScans Of(ReadOnlySpan<byte> jpeg)
    {
        var (scans, components, progressive, keeps) = (0, 0, false, false);
        var rest = jpeg[2..];
        while (true)
        {
            // To the next marker: over fill bytes, and over the data of a scan, where a stuffed 0 or a restart follows 0xff.
            var at = rest.IndexOf(Marker);
            if (at < 0 || at + 1 >= rest.Length)
            {
                return new JpegScans(scans, keeps, EndEarly: progressive);
            }

            var kind = rest[at + 1];
            rest = rest[(kind == Marker ? at + 1 : at + 2)..];
            if (kind is Marker or 0 or 1 or (>= 0xd0 and <= 0xd7))
            {
                continue;
            }

            if (kind == EndOfImage)
            {
                return new JpegScans(scans, keeps, EndEarly: false);
            }

            if (rest.Length < 2 || rest.Length < (rest[0] << 8 | rest[1]))
            {
                return new JpegScans(scans, keeps, EndEarly: progressive);
            }

            if (kind is >= 0xc0 and <= ProgressiveFrame && rest.Length > 7)
            {
                (progressive, components) = (progressive || kind == ProgressiveFrame, rest[7]);
            }

            if (kind == StartOfScan)
            {
                scans++;
                keeps |= progressive || rest.Length < 3 || rest[2] != components;
                if (!keeps)
                {
                    // All of it in one scan: what is behind it is not read.
                    return new JpegScans(scans, KeepCoefficients: false, EndEarly: false);
                }
            }

            rest = rest[(rest[0] << 8 | rest[1])..];
        }
    }
}
