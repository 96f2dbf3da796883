using SkiaSharp;

namespace Topfive.Cli;

internal static class PngFile
{
    /// <summary>Writes what was drawn; missing folders are made.</summary>
    public static void Write(string path, SKSurface drawn)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var image = drawn.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        using var file = File.Create(path);
        png.SaveTo(file);
    }
}
