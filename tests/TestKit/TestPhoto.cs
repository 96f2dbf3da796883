using SkiaSharp;

namespace Topfive.TestKit;

/// <param name="Name">The photograph's name.</param>
/// <param name="Path">Its JPEG file.</param>
public sealed record TestPhoto(string Name, string Path)
{
    private const int Size = 299;

    public byte[] ReadBytes() => File.ReadAllBytes(Path);

    /// <summary>
    /// The middle square at 299×299, RGB, nearest pixel: whole numbers that every program can be given exactly. The
    /// services resize otherwise; this is for comparing what comes after.
    /// </summary>
    public byte[] Pixels()
    {
        using var codec = SKCodec.Create(Path) ?? throw new InvalidDataException($"{Path} is no image");
        using var bitmap = new SKBitmap(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        if (codec.GetPixels(bitmap.Info, bitmap.GetPixels()) != SKCodecResult.Success) throw new InvalidDataException($"{Path} does not decode");

        var source = bitmap.GetPixelSpan();
        var side = Math.Min(bitmap.Width, bitmap.Height);
        var (left, top) = ((bitmap.Width - side) / 2, (bitmap.Height - side) / 2);
        var pixels = new byte[Size * Size * 3];
        for (var y = 0; y < Size; y++)
        {
            var row = top + (((2 * y) + 1) * side / (2 * Size));
            for (var x = 0; x < Size; x++)
            {
                var column = left + (((2 * x) + 1) * side / (2 * Size));
                source.Slice((row * bitmap.RowBytes) + (column * 4), 3).CopyTo(pixels.AsSpan(((y * Size) + x) * 3));
            }
        }

        return pixels;
    }
}
