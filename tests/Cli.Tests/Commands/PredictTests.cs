using System.Text.Json;
using SkiaSharp;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class PredictTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task Json_is_one_object_a_line_for_answers_and_for_failures()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var (photo, text) = (Write("photo.png", "photo"), Write("text.png", "text"));

        var outcome = await gateway.RunAsync("predict", photo, text, _folder.File("gone.png"), "--head", "flowers", "--version", "3", "--top", "2", "--json");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal((3, 2), ((int)gateway.State.Predicted!.Version, gateway.State.Predicted.TopK));
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        var answer = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal(["image", "image_hash", "head", "version", "source", "predictions"], answer.EnumerateObject().Select(property => property.Name));
        Assert.Equal((photo, "abcd", "flowers", 3, "IN_FLIGHT"), (
            answer.GetProperty("image").GetString(), answer.GetProperty("image_hash").GetString(), answer.GetProperty("head").GetString(),
            answer.GetProperty("version").GetInt64(), answer.GetProperty("source").GetString()));
        Assert.Equal("""{"label":"[tulip]","index":4,"probability":0.75}""", answer.GetProperty("predictions")[0].GetRawText());
        Assert.Equal("INVALID_ARGUMENT", JsonDocument.Parse(lines[1]).RootElement.GetProperty("error").GetProperty("status").GetString());
        Assert.Contains("gone.png", JsonDocument.Parse(lines[2]).RootElement.GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task Bars_show_label_and_probability_and_mark_the_truth()
    {
        await using var gateway = await FakeGateway.StartAsync();

        var outcome = await gateway.RunAsync("predict", Write("photo.png", "photo"), "--head", "flowers", "--truth", "rose");

        Assert.Equal(0, outcome.ExitCode);
        var lines = outcome.Output.Split('\n');
        Assert.Matches(@"^  \[tulip\]  █{30} +75\.0 %$", lines[1]);
        Assert.Matches(@"^  rose     █{5} +12\.5 %  ✓$", lines[2]);
    }

    [Fact]
    public async Task Nearest_examples_come_below_the_bars_and_in_the_json()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var photo = Write("photo.png", "photo");

        var bars = await gateway.RunAsync("predict", photo, "--head", "flowers", "--nearest", "2");
        var json = await gateway.RunAsync("predict", photo, "--head", "flowers", "--nearest", "2", "--json");

        Assert.EndsWith("  [tulip]  0.7500  ef00\n  [tulip]  0.7500  ef01\n", bars.Output);
        var neighbors = JsonDocument.Parse(json.Output).RootElement.GetProperty("neighbors");
        Assert.Equal(2, neighbors.GetArrayLength());
        Assert.Equal("""{"image_hash":"ef00","label":"[tulip]","cosine":0.75}""", neighbors[0].GetRawText());
        Assert.DoesNotContain("changed", bars.Output + json.Output);

        // Of three, the fake says that its dataset has changed.
        Assert.Contains("nearest training examples, by cosine (of the dataset as it is now: it has changed", (await gateway.RunAsync("predict", photo, "--head", "flowers", "--nearest", "3")).Output);
        Assert.Contains("\"neighbors_dataset_changed\":true", (await gateway.RunAsync("predict", photo, "--head", "flowers", "--nearest", "3", "--json")).Output);
    }

    [Fact]
    public async Task An_unknown_image_is_called_so_above_the_bars_and_in_the_json()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var photo = Write("photo.png", "photo");

        var bars = await gateway.RunAsync("predict", photo, "--head", "flowers", "--unknown");
        var json = await gateway.RunAsync("predict", photo, "--head", "flowers", "--unknown", "--json");

        Assert.StartsWith("  unknown: distance", bars.Output.Split('\n')[1]);
        Assert.Contains("is beyond 40.0; [tulip] is only the nearest label", bars.Output);
        Assert.Equal(
            """{"score":"Infinity","threshold":40,"unknown":true}""", JsonDocument.Parse(json.Output).RootElement.GetProperty("unknown").GetRawText());
    }

    [Fact]
    public async Task Figures_of_several_images_are_numbered()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var bitmap = new SKBitmap(8, 8);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        File.WriteAllBytes(_folder.File("photo.png"), png.ToArray());

        var outcome = await gateway.RunAsync(
            "predict", _folder.File("photo.png"), _folder.File("photo.png"), "--head", "flowers", "--figure", _folder.File("top5.png"));

        Assert.Equal(0, outcome.ExitCode);
        Assert.True(File.Exists(_folder.File("top5-1.png")) && File.Exists(_folder.File("top5-2.png")));
    }

    [Fact]
    public async Task An_unknown_head_is_one_line_with_its_status()
    {
        await using var gateway = await FakeGateway.StartAsync();

        var outcome = await gateway.RunAsync("predict", Write("photo.png", "photo"), "--head", "nothing");

        Assert.Equal((1, "NOT_FOUND: head \"nothing\" does not exist"), (outcome.ExitCode, outcome.Errors.Trim()));
    }

    [Fact]
    public async Task Without_a_head_the_only_trained_one_answers_and_two_must_be_told_apart()
    {
        await using var gateway = await FakeGateway.StartAsync();
        var photo = Write("photo.png", "photo");
        Assert.Equal(1, (await gateway.RunAsync("predict", photo)).ExitCode);

        gateway.State.Heads.Add(new Head { Head_ = "inception_v3" });
        await gateway.RunAsync("predict", photo);
        Assert.Equal("inception_v3", gateway.State.Predicted!.Head);

        gateway.State.Heads.Add(new Head { Head_ = "flowers", RunId = "r1" });
        await gateway.RunAsync("predict", photo);
        Assert.Equal("flowers", gateway.State.Predicted!.Head);

        gateway.State.Heads.Add(new Head { Head_ = "dogs", RunId = "r2" });
        var outcome = await gateway.RunAsync("predict", photo);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("flowers, dogs", outcome.Errors);
    }

    [Fact]
    public async Task An_export_that_breaks_off_leaves_no_file()
    {
        await using var gateway = await FakeGateway.StartAsync();

        Assert.Equal(0, (await gateway.RunAsync("export", "--head", "flowers", "--out", _folder.File("f.onnx"))).ExitCode);
        var broken = await gateway.RunAsync("export", "--head", "broken", "--out", _folder.File("b.onnx"));

        Assert.Equal("onnx", File.ReadAllText(_folder.File("f.onnx")));
        Assert.Equal((1, "UNAVAILABLE: the store is away"), (broken.ExitCode, broken.Errors.Trim()));
        Assert.Equal([_folder.File("f.onnx")], Directory.GetFiles(_folder.Path));
    }

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string content)
    {
        File.WriteAllText(_folder.File(name), content);
        return _folder.File(name);
    }
}
