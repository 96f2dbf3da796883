using System.Text;

namespace Topfive.FeatureService;

/// <summary>Says in words what bytes that are no accepted image seem to be, for the person who sent them.</summary>
internal static class Signature
{
    private static readonly (string Name, int At, byte[] Bytes)[] Known =
    [
        ("a TIFF", 0, "II*\0"u8.ToArray()),
        ("a TIFF", 0, "MM\0*"u8.ToArray()),
        ("an AVIF", 4, "ftypavif"u8.ToArray()),
        ("a HEIC", 4, "ftyphei"u8.ToArray()),
        ("a HEIC", 4, "ftypmif1"u8.ToArray()),
        ("an MP4 or QuickTime film", 4, "ftyp"u8.ToArray()),
        ("a JPEG 2000", 4, "jP  "u8.ToArray()),
        ("a JPEG XL", 0, [0xff, 0x0a]),
        ("a JPEG XL", 4, "JXL "u8.ToArray()),
        ("an icon (ICO)", 0, [0, 0, 1, 0]),
        ("a Photoshop file", 0, "8BPS"u8.ToArray()),
        ("a PDF", 0, "%PDF"u8.ToArray()),
        ("a ZIP archive", 0, "PK\x03\x04"u8.ToArray()),
        ("gzip", 0, [0x1f, 0x8b]),
        ("a JPEG, cut short or damaged in its header", 0, [0xff, 0xd8]),
        ("a PNG, cut short or damaged in its header", 0, [0x89, (byte)'P', (byte)'N', (byte)'G']),
        ("a WebP, cut short or damaged in its header", 8, "WEBP"u8.ToArray()),
        ("a GIF, cut short or damaged in its header", 0, "GIF8"u8.ToArray()),
        ("a BMP, cut short or damaged in its header", 0, "BM"u8.ToArray()),
    ];

    public static string Describe(ReadOnlySpan<byte> bytes)
    {
        foreach (var (name, at, magic) in Known)
        {
            if (bytes.Length >= at + magic.Length && bytes.Slice(at, magic.Length).SequenceEqual(magic))
            {
                return name;
            }
        }

        var start = bytes[..Math.Min(bytes.Length, 256)];
        if (IsText(start))
        {
            return start.TrimStart(" \t\r\n"u8).StartsWith("<"u8) ? "text, perhaps HTML or SVG" : "text";
        }

        return $"unknown bytes, beginning with {Convert.ToHexStringLower(bytes[..Math.Min(bytes.Length, 8)])}";
    }

    private static bool IsText(ReadOnlySpan<byte> bytes)
    {
        // A cut through a multi-byte character at the end must not count against it.
        var text = Encoding.UTF8.GetString(bytes).TrimEnd('\ufffd');
        return !text.Any(character => character == '\ufffd' || (char.IsControl(character) && character is not ('\t' or '\r' or '\n')));
    }
}
