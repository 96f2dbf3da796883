using ScottPlot;
using SkiaSharp;

namespace Topfive.Cli;

/// <summary>A white sheet that plots and images are placed on, and that becomes a PNG.</summary>
internal sealed class FigureCanvas : IDisposable
{
    private readonly SKSurface _surface;

    public FigureCanvas(int width, int height)
    {
        FigureFont.Use();
        _surface = SKSurface.Create(new SKImageInfo(width, height));
        _surface.Canvas.Clear(SKColors.White);
    }

    /// <summary>Fills the place with a plot.</summary>
    public void Draw(Plot plot, SKRect place)
    {
        // A plot clears the canvas before it draws: only its own place may be.
        _surface.Canvas.Save();
        _surface.Canvas.ClipRect(place);
        plot.Render(_surface.Canvas, new PixelRect(place.Left, place.Right, place.Bottom, place.Top));
        _surface.Canvas.Restore();
    }

    /// <summary>What no plot draws.</summary>
    public void Draw(Action<SKCanvas> paint) => paint(_surface.Canvas);

    /// <summary>An encoded image, as large as the place allows in its own proportions.</summary>
    public void Draw(byte[] encoded, SKRect place)
    {
        // Unlike a bitmap's decoding, an SKImage's turns a photo upright as its EXIF orientation says.
        using var data = SKData.CreateCopy(encoded);
        using var image = SKImage.FromEncodedData(data);
        if (image is not null)
        {
            _surface.Canvas.DrawImage(
                image, place.AspectFit(new SKSize(image.Width, image.Height)), new SKSamplingOptions(SKCubicResampler.Mitchell));
        }
    }

    /// <summary>Writes the sheet as PNG; missing folders are made.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using var image = _surface.Snapshot();
        using var png = image.Encode(SKEncodedImageFormat.Png, quality: 100);
        using var file = File.Create(path);
        png.SaveTo(file);
    }

    public void Dispose() => _surface.Dispose();
}
