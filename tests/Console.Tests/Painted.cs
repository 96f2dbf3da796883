using Google.Protobuf;
using SkiaSharp;

namespace Topfive.Consoles.Tests;

/// <summary>Images that the small backbone tells apart by their colour.</summary>
internal static class Painted
{
    public static readonly (string Label, SKColor Color)[] Labels =
    [
        ("apple", SKColors.Crimson), ("fern", SKColors.ForestGreen), ("lake", SKColors.RoyalBlue), ("lemon", SKColors.Gold), ("plum", SKColors.Purple), ("snow", SKColors.WhiteSmoke),
    ];

    /// <summary>A PNG; each number is another file.</summary>
    public static byte[] Png(SKColor color, int number)
    {
        using var bitmap = new SKBitmap(40, 30);
        bitmap.Erase(color);
        // Different bytes, and nearly the same colour.
        bitmap.SetPixel(number % 40, number / 40, new SKColor((byte)(color.Red ^ 8), color.Green, color.Blue));
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }

    public static ByteString Image(string label, int number) => ByteString.CopyFrom(Png(Labels.First(known => known.Label == label).Color, number));

    public static string File(string directory, string label, int number, string? name = null)
    {
        var path = Path.Combine(directory, name ?? $"{label}-{number}.png");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, Png(Labels.First(known => known.Label == label).Color, number));
        return path;
    }
}
