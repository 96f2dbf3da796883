using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class QuantizeTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_folder_that_is_not_there_or_holds_too_few_images_is_named_with_how_many_are_needed()
    {
        var (backbone, images) = (SmallBackbone.Write(_directory.File("small.onnx")), _directory.File("images"));

        var missing = await QuantizeAsync(backbone, images);
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains($"no directory {images}", missing.Errors);

        Directory.CreateDirectory(images);
        for (var i = 0; i < 9; i++) await File.WriteAllTextAsync(Path.Combine(images, $"{i}.png"), "");
        await File.WriteAllTextAsync(Path.Combine(images, "notes.txt"), "");
        var few = await QuantizeAsync(backbone, images);
        Assert.Contains("holds 9 images, and 10 are needed: 2 to calibrate with (--images) and 8 others to check the result", few.Errors);
    }

    [Fact]
    public async Task An_image_that_cannot_be_read_is_named_and_so_is_a_graph_that_the_importer_did_not_write()
    {
        var images = Directory.CreateDirectory(_directory.File("images")).FullName;
        for (var i = 0; i < 10; i++) await File.WriteAllTextAsync(Path.Combine(images, $"{i}.png"), "");

        Assert.Contains("ReduceMean", (await QuantizeAsync(SmallBackbone.Write(_directory.File("small.onnx")), images)).Errors);
        var unread = await QuantizeAsync(await TestBackbone.ModelAsync(), images);
        Assert.Contains(Path.Combine(images, "0.png"), unread.Errors);
        Assert.Contains("empty", unread.Errors);
        Assert.False(File.Exists(_directory.File("out.onnx")));
    }

    private Task<Outcome> QuantizeAsync(string backbone, string images) =>
        CommandLine.RunAsync(["backbone", "quantize", "--backbone", backbone, "--calibrate", images, "--out", _directory.File("out.onnx"), "--images", "2"]);
}
