using SkiaSharp;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// A confusion matrix: rows are true labels, columns predicted ones, colours the share of the row. Labels stand beside it
/// as long as they can be read; with more of them, only every so many-th index does.
/// </summary>
internal static class ConfusionHeatMap
{
    private const float TitleHeight = 34;
    private const float ScaleWidth = 90;
    private const float LargestText = 14;
    private const float SmallestText = 6;
    private const int LongestLabel = 24;

    // Few images on a wrong label must show, so the colours rise fast from white.
    private static readonly (float Share, SKColor Color)[] Scale =
    [
        (0, SKColors.White), (0.02f, SKColor.Parse("#dbe9f6")), (0.1f, SKColor.Parse("#9dc6e0")),
        (0.3f, SKColor.Parse("#4a94c7")), (0.6f, SKColor.Parse("#1561a9")), (1, SKColor.Parse("#08306b")),
    ];

    private static readonly SKColor NoImages = SKColor.Parse("#eeeeee");

    public static void Draw(SKCanvas canvas, SKRect place, Evaluation evaluation)
    {
        var labels = evaluation.Labels;
        var area = new SKSize(place.Width - ScaleWidth, place.Height - TitleHeight);
        // Text is as high as a cell, and the longest label decides what is left for the cells.
        var textSize = TextSize(Math.Min(area.Width, area.Height) * 0.85f / labels.Count);
        var names = labels.Select((label, index) => Name(label.Label, index, labels.Count, textSize)).ToArray();
        using var font = new SKFont(FigureFont.Typeface, Math.Max(textSize, 11));
        var margin = names.Max(name => font.MeasureText(name)) + 34;
        var side = Math.Min(area.Width, area.Height) - margin;
        var cells = SKRect.Create(place.Left + margin, place.Top + TitleHeight, side, side);

        DrawTitle(canvas, new SKPoint(cells.MidX, place.Top + 22));
        DrawCells(canvas, cells, evaluation);
        DrawNames(canvas, cells, names, font);
        DrawScale(canvas, SKRect.Create(cells.Right + 22, cells.Top, 18, side));
    }

    /// <returns>0 when the labels would be too small to read.</returns>
    private static float TextSize(float cell) => cell * 0.9f >= SmallestText ? Math.Min(cell * 0.9f, LargestText) : 0;

    private static string Name(string label, int index, int count, float textSize)
    {
        if (textSize > 0)
        {
            return label.Length <= LongestLabel ? label : label[..(LongestLabel - 1)] + "…";
        }

        var step = (int)Math.Ceiling(count / 20.0);
        return index % step == 0 ? $"{index}" : "";
    }

    private static void DrawCells(SKCanvas canvas, SKRect cells, Evaluation evaluation)
    {
        var size = cells.Width / evaluation.Labels.Count;
        using var paint = new SKPaint();
        for (var row = 0; row < evaluation.Labels.Count; row++)
        {
            if (evaluation.Labels[row].Support > 0)
            {
                continue;
            }

            paint.Color = NoImages;
            canvas.DrawRect(cells.Left, cells.Top + (row * size), cells.Width, size, paint);
        }

        var matrix = evaluation.Confusion;
        for (var entry = 0; entry < matrix.Counts.Count; entry++)
        {
            var (row, column) = (matrix.TrueLabels[entry], matrix.PredictedLabels[entry]);
            paint.Color = ColorOf((float)matrix.Counts[entry] / evaluation.Labels[row].Support);
            canvas.DrawRect(cells.Left + (column * size), cells.Top + (row * size), size, size, paint);
        }

        (paint.Style, paint.Color, paint.StrokeWidth) = (SKPaintStyle.Stroke, SKColors.Gray, 1);
        canvas.DrawRect(cells, paint);
    }

    private static void DrawNames(SKCanvas canvas, SKRect cells, string[] names, SKFont font)
    {
        var size = cells.Width / names.Length;
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        for (var index = 0; index < names.Length; index++)
        {
            var middle = ((index + 0.5f) * size) + (font.Size * 0.35f);
            canvas.DrawText(names[index], cells.Left - 5, cells.Top + middle, SKTextAlign.Right, font, paint);
            canvas.Save();
            canvas.RotateDegrees(-90, cells.Left + middle, cells.Bottom + 5);
            canvas.DrawText(names[index], cells.Left + middle, cells.Bottom + 5, SKTextAlign.Right, font, paint);
            canvas.Restore();
        }
    }

    private static void DrawTitle(SKCanvas canvas, SKPoint middle)
    {
        using var font = new SKFont(FigureFont.Typeface, 17);
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = true };
        canvas.DrawText("Rows: true label. Columns: predicted. Colour: share of the row's images", middle, SKTextAlign.Center, font, paint);
    }

    private static void DrawScale(SKCanvas canvas, SKRect place)
    {
        using var font = new SKFont(FigureFont.Typeface, 12);
        using var paint = new SKPaint { IsAntialias = true };
        const int Steps = 200;
        for (var step = 0; step < Steps; step++)
        {
            paint.Color = ColorOf((step + 0.5f) / Steps);
            var top = place.Bottom - ((step + 1) * place.Height / Steps);
            canvas.DrawRect(place.Left, top, place.Width, (place.Height / Steps) + 1, paint);
        }

        paint.Color = SKColors.Black;
        foreach (var share in (float[])[0, 0.1f, 0.25f, 0.5f, 0.75f, 1])
        {
            canvas.DrawText($"{share:P0}", place.Right + 5, place.Bottom - (share * place.Height) + 4, SKTextAlign.Left, font, paint);
        }
    }

    private static SKColor ColorOf(float share)
    {
        var above = Array.FindIndex(Scale, stop => stop.Share >= share);
        if (above <= 0)
        {
            return above == 0 ? Scale[0].Color : Scale[^1].Color;
        }

        var (low, high) = (Scale[above - 1], Scale[above]);
        var part = (share - low.Share) / (high.Share - low.Share);
        return new SKColor(Mix(low.Color.Red, high.Color.Red), Mix(low.Color.Green, high.Color.Green), Mix(low.Color.Blue, high.Color.Blue));

        byte Mix(byte from, byte to) => (byte)Math.Round(from + ((to - from) * part));
    }
}
