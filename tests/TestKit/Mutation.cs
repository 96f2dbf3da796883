namespace Topfive.TestKit;

/// <summary>Damage as attackers and broken disks do it, drawn from a seed.</summary>
public static class Mutation
{
    private static readonly byte[] Telling = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

    /// <param name="valid">What a real program wrote; not changed.</param>
    /// <param name="others">Whose parts may be put into it.</param>
    /// <param name="random">Decides all of it.</param>
    public static byte[] Of(byte[] valid, IReadOnlyList<byte[]> others, Random random)
    {
        var bytes = valid.ToArray();
        for (var times = random.Next(1, 5); times > 0 && bytes.Length > 0; times--)
        {
            bytes = Once(bytes, others, random);
        }

        return bytes;
    }

    private static byte[] Once(byte[] bytes, IReadOnlyList<byte[]> others, Random random)
    {
        // Half of the damage in the first bytes: that is where headers say how much of something there is.
        var at = random.Next(random.Next(2) == 0 ? bytes.Length : Math.Min(bytes.Length, 64));
        var length = Math.Min(random.Next(1, 1 << random.Next(1, 10)), bytes.Length - at);
        switch (random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes[at] = Telling[random.Next(Telling.Length)];
                return bytes;
            case 2:
                random.NextBytes(bytes.AsSpan(at, Math.Min(length, 8)));
                return bytes;
            case 3:
                bytes.AsSpan(at, Math.Min(length, 4)).Fill(Telling[random.Next(Telling.Length)]);
                return bytes;
            case 4:
                return bytes[..at];
            case 5:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 6:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 7:
                var inserted = new byte[length];
                random.NextBytes(inserted);
                return [.. bytes[..at], .. inserted, .. bytes[at..]];
            default:
                var other = others[random.Next(others.Count)];
                var from = random.Next(other.Length);
                return [.. bytes[..at], .. other.AsSpan(from, Math.Min(length, other.Length - from)), .. bytes[Math.Min(bytes.Length, at + length)..]];
        }
    }
}
