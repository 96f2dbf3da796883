using System.Globalization;
using Google.Protobuf;
using SkiaSharp;

namespace Topfive.Cli;

/// <summary>Mistakes as images: a row each, the image itself first, then the training images that lie nearest to it.</summary>
internal static class MistakesFigure
{
    private const int Columns = 4;
    private const int CellWidth = 230;
    private const int RowHeight = 116;
    private const int Image = 64;
    private const int Margin = 12;
    private const int LongestText = 27;

    /// <param name="path">The PNG.</param>
    /// <param name="rows">Those whose own image is known.</param>
    /// <param name="images">Files by hash; of a neighbour that is not among them only the text is shown.</param>
    public static void Save(string path, IReadOnlyList<Evidence> rows, IReadOnlyDictionary<ByteString, string> images)
    {
        using var canvas = new FigureCanvas((Columns * CellWidth) + Margin, (rows.Count * RowHeight) + Margin);
        for (var row = 0; row < rows.Count; row++)
        {
            var (mistake, top) = (rows[row].Mistake, Margin + (row * RowHeight));
            Draw(canvas, 0, top, images.GetValueOrDefault(mistake.ImageHash), mistake.Label, Text($"said {mistake.Predicted}"), Text($"{mistake.Probability:P0}"), SKColors.Firebrick);
            foreach (var (place, neighbor) in rows[row].Nearest.Take(Columns - 1).Index())
            {
                Draw(canvas, place + 1, top, images.GetValueOrDefault(neighbor.ImageHash), neighbor.Label, Text($"cosine {neighbor.Cosine:F3}"), "", SKColors.Gray);
            }
        }

        canvas.Save(path);
    }

    private static void Draw(FigureCanvas canvas, int column, int top, string? file, string label, string below, string beside, SKColor color)
    {
        var left = Margin + (column * CellWidth);
        if (file is not null)
        {
            canvas.Draw(File.ReadAllBytes(file), SKRect.Create(left, top, Image, Image));
        }

        canvas.Draw(sheet =>
        {
            using var font = new SKFont(FigureFont.Typeface, 13);
            using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
            sheet.DrawText(Cut(label), left, top + Image + 17, SKTextAlign.Left, font, paint);
            paint.Color = color;
            sheet.DrawText(Cut(below), left, top + Image + 34, SKTextAlign.Left, font, paint);
            sheet.DrawText(beside, left + Image + 8, top + (Image / 2), SKTextAlign.Left, font, paint);
        });
    }

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..(LongestText - 1)] + "…";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
