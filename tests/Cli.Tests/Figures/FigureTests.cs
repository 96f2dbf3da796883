using SkiaSharp;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class FigureTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void The_curves_show_their_numbers_and_names_as_text()
    {
        var file = _folder.File("curves.png");
        var epochs = Enumerable.Range(1, 40).Select(epoch => new Epoch
        {
            Epoch_ = epoch,
            Loss = 3.4f / epoch,
            Accuracy = 1 - (0.9f / epoch),
            ValLoss = 3.6f / epoch,
            ValAccuracy = 0.5f - (0.4f / epoch),
            ValTop5Accuracy = 0.8f - (0.4f / epoch),
        }).ToArray();

        TrainingCurves.Save(file, "emoji on emoji", epochs);

        using var figure = SKBitmap.Decode(file);
        Assert.Equal((1200, 500), (figure.Width, figure.Height));
        // The title's row, the vertical axis' numbers and the horizontal axis' name: white where no font is found.
        Assert.True(DarkPixels(figure, new SKRectI(100, 2, 560, 40)) > 100);
        Assert.True(DarkPixels(figure, new SKRectI(2, 40, 50, 440)) > 100);
        Assert.True(DarkPixels(figure, new SKRectI(200, 470, 500, 499)) > 50);
    }

    [Fact]
    public void The_curves_of_a_run_without_validation_and_of_one_epoch_can_be_drawn()
    {
        var file = _folder.File("one/curves.png");

        TrainingCurves.Save(file, "one", [new Epoch { Epoch_ = 1, Loss = 1, Accuracy = 0.5f }]);

        using var figure = SKBitmap.Decode(file);
        Assert.NotNull(figure);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(31)]
    [InlineData(120)]
    [InlineData(600)]
    public void An_evaluation_is_drawn_with_readable_labels_at_any_number_of_them(int labels)
    {
        var file = _folder.File("evaluation.png");

        EvaluationFigure.Save(file, "emoji 3", SomeEvaluation.Epochs, SomeEvaluation.Of(labels));

        if (Environment.GetEnvironmentVariable("TOPFIVE_KEEP_FIGURES") is { } keep)
        {
            File.Copy(file, Path.Combine(keep, $"evaluation-{labels}.png"), overwrite: true);
        }

        using var figure = SKBitmap.Decode(file);
        Assert.InRange(new FileInfo(file).Length, 20_000, 600_000);
        // The diagonal is dark blue, the names beside the rows are text, and the reliability diagram has its two lines.
        Assert.True(Count(figure, color => color.Blue > color.Red + 60) > 1_000);
        Assert.True(DarkPixels(figure, new SKRectI(645, 40, 850, figure.Height)) > 200, "the labels are missing");
        Assert.True(DarkPixels(figure, new SKRectI(80, figure.Height * 2 / 3, 640, figure.Height)) > 200, "the reliability diagram is missing");
    }

    [Fact]
    public void The_true_label_has_a_green_bar_and_the_labels_stand_beside_the_bars()
    {
        var file = _folder.File("top5.png");

        PredictionFigure.Save(file, Image(), "1f3c3-200d-2640-fe0f-200d-27a1-fe0f.png", Predictions("animal-mammal"), "animal-mammal");

        using var figure = SKBitmap.Decode(file);
        Assert.True(Count(figure, IsGreen) > 1000);
        Assert.True(Count(figure, IsRed) > 100 * 100, "the image is missing");
        Assert.True(DarkPixels(figure, new SKRectI(400, 50, 540, 340)) > 100, "the labels are missing");
    }

    [Fact]
    public void No_bar_is_green_when_the_truth_is_not_among_them()
    {
        var file = _folder.File("top5.png");

        PredictionFigure.Save(file, Image(), "x.png", Predictions("animal-mammal"), "heart");

        using var figure = SKBitmap.Decode(file);
        Assert.Equal(0, Count(figure, IsGreen));
    }

    [Fact]
    public void A_photo_taken_sideways_stands_upright()
    {
        var file = _folder.File("top5.png");

        PredictionFigure.Save(file, SidewaysJpeg(), "photo.jpg", Predictions("heart"), null);

        using var figure = SKBitmap.Decode(file);
        Assert.True(IsRed(figure.GetPixel(200, 60)), "the left side of the file is the top of the photo");
        Assert.True(figure.GetPixel(200, 340) is { Blue: > 180, Red: < 60 });
    }

    public void Dispose() => _folder.Dispose();

    private static Prediction[] Predictions(string best) =>
    [
        new() { Label = best, Probability = 0.62f },
        new() { Label = "a label that is far too long to stand beside a bar", Probability = 0.2f },
        new() { Label = "sky & weather", Probability = 0.1f },
        new() { Label = "person-fantasy", Probability = 0.05f },
        new() { Label = "heart", Probability = 0.001f },
    ];

    private static byte[] Image()
    {
        using var bitmap = new SKBitmap(64, 48);
        bitmap.Erase(new SKColor(220, 20, 20));
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    /// <summary>Wide in the file, red on the left and blue on the right, and by its EXIF a quarter turn to the right.</summary>
    private static byte[] SidewaysJpeg()
    {
        using var surface = SKSurface.Create(new SKImageInfo(160, 80));
        surface.Canvas.Clear(new SKColor(220, 20, 20));
        using var blue = new SKPaint { Color = new SKColor(20, 20, 220) };
        surface.Canvas.DrawRect(80, 0, 80, 80, blue);
        using var jpeg = surface.Snapshot().Encode(SKEncodedImageFormat.Jpeg, 95);
        byte[] exif =
        [
            0xFF, 0xE1, 0, 34, .. "Exif\0\0"u8, .. "MM"u8, 0, 42, 0, 0, 0, 8,
            0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0,
        ];
        var bytes = jpeg.ToArray();
        return [.. bytes[..2], .. exif, .. bytes[2..]];
    }

    private static int DarkPixels(SKBitmap figure, SKRectI area) =>
        Enumerable.Range(area.Left, area.Width).Sum(x =>
            Enumerable.Range(area.Top, area.Height).Count(y => figure.GetPixel(x, y) is { Alpha: 255, Red: < 110, Green: < 110, Blue: < 110 }));

    private static int Count(SKBitmap figure, Func<SKColor, bool> matches) => figure.Pixels.Count(matches);

    private static bool IsGreen(SKColor color) => color.Green > color.Red + 60 && color.Green > color.Blue + 40;

    private static bool IsRed(SKColor color) => color is { Red: > 180, Green: < 60, Blue: < 60 };
}
