using System.Net;
using System.Net.Sockets;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>The commands against the real services.</summary>
[Collection(typeof(SharedTopfive))]
public sealed class WholePathTests(RunningTopfive topfive) : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task A_folder_becomes_a_head_that_knows_its_labels()
    {
        var images = Drawings();
        Assert.Contains("Imported 24 into \"shapes\": 24 computed, 0 cache hits; 0 copies of others left out; 0 failed", await topfive.SucceedAsync("import", images, "--dataset", "shapes"));
        Assert.Contains("0 computed, 24 cache hits", await topfive.SucceedAsync("import", images, "--dataset", "shapes"));
        Assert.Matches(@"shapes +2 +24 +18 +0 +6 ", await topfive.SucceedAsync("datasets"));

        var training = await topfive.SucceedAsync("train", "shapes", "--epochs", "100", "--learning-rate", "0.001", "--plot", _folder.File("curves.png"));
        Assert.Equal(100, training.Split('\n').Count(line => line.StartsWith("epoch ")));
        Assert.Contains("Version 1 of \"shapes\" is live", training);
        Assert.True(File.Exists(_folder.File("curves.png")));
        var run = training.Split(' ')[1];
        Assert.Matches($@"{run} +SUCCEEDED +shapes +shapes +100/100 +1 ", await topfive.SucceedAsync("runs"));
        Assert.Equal(100, (await topfive.SucceedAsync("runs", "show", run)).Split('\n').Count(line => line.StartsWith("epoch ")));

        var held = Path.Combine(images, "circle", "00.png");
        var prediction = await topfive.SucceedAsync("predict", held, "--head", "shapes", "--truth", "circle", "--figure", _folder.File("top5.png"));
        Assert.Matches(@"\n  circle  █+.*✓\n  square", prediction);
        Assert.True(File.Exists(_folder.File("top5.png")));

        Assert.Matches(@"  (un)?known: distance \d+\.\d is ", await topfive.SucceedAsync("predict", held, "--head", "shapes", "--unknown"));
        Assert.Matches(@"(?s)nearest training examples.*\n  circle +0\.", await topfive.SucceedAsync("predict", held, "--head", "shapes", "--nearest", "1"));

        await topfive.SucceedAsync("train", "shapes", "--epochs", "1", "--no-promote");
        Assert.Matches(@"shapes +1 +yes +2 ", await topfive.SucceedAsync("heads"));
        Assert.Contains("version 1 was before", await topfive.SucceedAsync("promote", "shapes", "2", "--reason", "newer"));
        Assert.Contains("Version 1 of \"shapes\" is live again", await topfive.SucceedAsync("rollback", "shapes", "--user", "ann"));
        Assert.Matches(@"(?s)shapes +2 .*shapes +1 +yes", await topfive.SucceedAsync("heads", "shapes"));

        Assert.Matches(
            @"(?s) 2 +1 +rollback +ann .* 1 +2 +promote +\S+ +\S+ +newer .* none +1 +a run ",
            await topfive.SucceedAsync("heads", "history", "shapes"));
        var again = await topfive.SucceedAsync("train", "shapes", "--epochs", "1", "--learning-rate", "1e-9");
        Assert.Contains("Version 3 of \"shapes\" is there; it is not live", again);
        Assert.Contains("Not promoted: accuracy ", again);
        Assert.Contains("Version 3 of \"shapes\" is deleted", await topfive.SucceedAsync("heads", "delete", "shapes", "--version", "3"));

        var compared = await topfive.SucceedAsync("compare", held, "--head", "shapes", "--head", "shapes@2");
        Assert.Matches(@"shapes +1 +circle \S+ %.*\n.*shapes +2 ", compared);
        Assert.Contains("\"shapes\" is shadowed by shapes@2", await topfive.SucceedAsync("heads", "shadow", "shapes", "--version", "2"));
        Assert.Matches(@"shapes@2 +no calls yet", await topfive.SucceedAsync("heads", "agreement", "shapes"));
        await topfive.SucceedAsync("predict", held, "--head", "shapes");
        await AgreesAsync();
        Assert.Contains("\"shapes\" has no shadow", await topfive.SucceedAsync("heads", "shadow", "shapes", "--off"));

        await topfive.SucceedAsync("export", "--head", "shapes", "--out", _folder.File("shapes.onnx"));
        Assert.Equal(["circle", "square"], HeadModel.Read(File.ReadAllBytes(_folder.File("shapes.onnx"))).Labels);
    }

    /// <summary>What a shadow counted is told within seconds.</summary>
    private async Task AgreesAsync()
    {
        for (var attempt = 0; ; attempt++)
        {
            var told = await topfive.SucceedAsync("heads", "agreement", "shapes");
            if (System.Text.RegularExpressions.Regex.IsMatch(told, @"shapes@2 +\S+ \S+ +1 +1 +\S+ % +\d\.\d{4} +0 +0")) return;
            Assert.True(attempt < 100, told);
            await Task.Delay(200);
        }
    }

    [Fact]
    public async Task The_backbones_own_head_is_there_from_the_first_start()
    {
        Assert.Matches(@"inception_v3 +1 +yes +5 .* imported ", await topfive.SucceedAsync("heads"));

        var photo = (await TestPhotos.AllAsync())[0].Path;
        Assert.Contains("inception_v3 v1", await topfive.SucceedAsync("predict", photo, "--head", "inception_v3"));
    }

    [Fact]
    public async Task What_is_no_image_fails_alone_and_is_named()
    {
        var images = Drawings(hue: 15);
        File.WriteAllText(Path.Combine(images, "circle", "zz.png"), "no image");

        var outcome = await CommandLine.RunAsync(["import", images, "--dataset", "broken", "--gateway", $"{topfive.Process.GatewayAddress}"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("1 failed", outcome.Output);
        Assert.Contains("circle/zz.png: INVALID_ARGUMENT", outcome.Errors);
    }

    [Theory]
    [InlineData("train nothing", "NOT_FOUND")]
    [InlineData("runs show nothing", "NOT_FOUND")]
    [InlineData("promote nothing 1", "NOT_FOUND")]
    [InlineData("export --head nothing --out x.onnx", "NOT_FOUND")]
    public async Task What_is_not_known_is_one_line(string line, string status)
    {
        var outcome = await CommandLine.RunAsync([.. line.Split(' '), "--gateway", $"{topfive.Process.GatewayAddress}"]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith(status, Assert.Single(outcome.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        // The FeatureService's port is the Gateway's plus one.
        var outcome = await CommandLine.RunAsync(
            ["up", "--port", $"{port - 1}", "--model", await TestBackbone.ModelAsync(), "--data", _folder.File("data")]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"The FeatureService cannot listen: port {port}", outcome.Errors);
        Assert.Contains("--port", outcome.Errors);
    }

    [Fact]
    public async Task A_backbone_that_is_none_is_named_on_the_terminal()
    {
        var model = _folder.File("model.onnx");
        File.WriteAllText(model, "no model");

        var outcome = await CommandLine.RunAsync(["up", "--port", "0", "--model", model, "--data", _folder.File("data")]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.StartsWith("The FeatureService did not get ready: ", outcome.Errors);
        Assert.Contains("model.onnx", outcome.Errors);
    }

    [Fact]
    public async Task A_data_directory_in_use_is_named()
    {
        var outcome = await CommandLine.RunAsync(
            ["up", "--port", "0", "--model", await TestBackbone.ModelAsync(), "--data", topfive.DataDirectory]);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(topfive.DataDirectory, outcome.Errors);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Twelve circles and twelve squares of different sizes and colours; another hue makes other images, new to the store.</summary>
    private string Drawings(int hue = 0)
    {
        var root = _folder.File("drawings");
        foreach (var label in new[] { "circle", "square" })
        {
            Directory.CreateDirectory(Path.Combine(root, label));
            for (var i = 0; i < 12; i++)
            {
                using var surface = SKSurface.Create(new SKImageInfo(96, 96));
                surface.Canvas.Clear(SKColor.FromHsl(hue + (i * 30), 60, 85));
                using var paint = new SKPaint { Color = SKColor.FromHsl(180 + (i * 30), 80, 35), IsAntialias = true };
                var size = 16 + (2 * i);
                if (label == "circle")
                {
                    surface.Canvas.DrawCircle(48, 48, size, paint);
                }
                else
                {
                    surface.Canvas.DrawRect(48 - size, 48 - size, 2 * size, 2 * size, paint);
                }

                using var png = surface.Snapshot().Encode(SKEncodedImageFormat.Png, 100);
                File.WriteAllBytes(Path.Combine(root, label, $"{i:D2}.png"), png.ToArray());
            }
        }

        return root;
    }
}
