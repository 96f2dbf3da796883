using System.Text.Json.Nodes;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class ShowTests : IAsyncLifetime
{
    private readonly TempDirectory _folder = new();

    private FakeGateway _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _gateway = await FakeGateway.StartAsync();
        var finished = new Finished { Head = "flowers", Version = 7, Promoted = true, Evaluation = SomeEvaluation.Of(31) };
        _gateway.State.Events = [.. SomeEvaluation.Epochs.Select(epoch => new RunEvent { Epoch = epoch }), new() { Finished = finished }];
        _gateway.State.Heads.Add(new Head
        {
            Head_ = "flowers",
            Version = 7,
            Live = true,
            RunId = "r1",
            Dataset = "garden",
            DatasetDigest = new string('d', 64),
            Recipe = new Recipe { HiddenUnits = { 256 }, Dropout = 0.5f, LearningRate = 1e-4f, BatchSize = 12, Epochs = 40, Seed = 9, Optimizer = Optimizer.Rmsprop },
            Evaluation = finished.Evaluation,
            Manifest = new Manifest
            {
                Dataset = "garden",
                DatasetDigest = new string('d', 64),
                TrainerVersion = "1",
                Runtime = ".NET 10 X64",
                VectorBits = 512,
                Recipe = new Recipe { HiddenUnits = { 256 }, Dropout = 0, Epochs = 40, Seed = ulong.MaxValue },
            },
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_run_shows_its_epochs_and_then_its_evaluation_in_sections()
    {
        var outcome = await _gateway.RunAsync("runs", "show", "r1", "--rows", "3", "--figure", _folder.File("run.png"));

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Errors));
        Assert.Equal(40, outcome.Output.Split('\n').Count(line => line.StartsWith("epoch ")));
        Assert.Contains("validation images of 30 labels", outcome.Output);
        Assert.Contains("log-loss               1.111  as served; 1.234 as trained", outcome.Output);
        Assert.Contains("calibration error      2.1 %  as served; 13.4 % as trained", outcome.Output);
        Assert.Contains("Labels, the least recall first (3 of 30)", outcome.Output);
        Assert.Contains("Most often confused (3 of ", outcome.Output);
        Assert.Contains("Surest mistakes (2)", outcome.Output);
        Assert.Contains("Suspected label errors (1 of 37)", outcome.Output);
        Assert.Contains($"{string.Concat(Enumerable.Repeat("a1", 32))}", outcome.Output);
        Assert.Contains("[cat]", outcome.Output);
        Assert.True(new FileInfo(_folder.File("run.png")).Length > 20_000);
    }

    [Fact]
    public async Task A_run_as_json_is_one_line_with_everything_and_hashes_in_hex()
    {
        var outcome = await _gateway.RunAsync("runs", "show", "r1", "--json");

        var json = JsonNode.Parse(Assert.Single(outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal("r1", (string?)json["run"]!["run_id"]);
        Assert.Equal(40, json["epochs"]!.AsArray().Count);
        var evaluation = json["finished"]!["evaluation"]!;
        Assert.Equal(1.43, (double)evaluation["temperature"]!, 1e-6);
        Assert.Equal(string.Concat(Enumerable.Repeat("a1", 32)), (string?)evaluation["confident_mistakes"]![0]!["image_hash"]);
    }

    [Fact]
    public async Task A_head_shows_what_it_was_made_of_and_writes_its_figure()
    {
        var outcome = await _gateway.RunAsync("heads", "show", "flowers", "--figure", _folder.File("head.png"));

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Errors));
        Assert.Contains("Version 7 of \"flowers\", live", outcome.Output);
        Assert.Contains("Trained on \"garden\" (dddddddddddd) by run r1", outcome.Output);
        Assert.Contains("Hidden units 256; dropout 0.5; RMSPROP, learning rate 0.0001; batches of 12; 40 epochs; seed 9", outcome.Output);
        Assert.Contains("temperature            1.430", outcome.Output);
        Assert.True(File.Exists(_folder.File("head.png")));
    }

    [Fact]
    public async Task A_manifest_goes_through_a_file_into_a_run_that_asks_for_nothing_else()
    {
        var file = _folder.File("manifest.json");

        await _gateway.RunAsync("heads", "show", "flowers", "--manifest", file);
        var outcome = await _gateway.RunAsync("train", "--manifest", file, "--head", "again");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Errors));
        var started = _gateway.State.Started!;
        Assert.Equal(("garden", "again", null), (started.Dataset, started.Head, started.Recipe));
        Assert.Equal(_gateway.State.Heads[0].Manifest, started.Manifest);
    }

    [Fact]
    public async Task A_file_that_is_no_manifest_is_refused_by_name()
    {
        await File.WriteAllTextAsync(_folder.File("other.json"), "{\"name\": 1}");

        var other = await _gateway.RunAsync("train", "--manifest", _folder.File("other.json"));
        var none = await _gateway.RunAsync("train", "--manifest", _folder.File("none.json"));

        Assert.Equal((1, 1), (other.ExitCode, none.ExitCode));
        Assert.Contains("other.json is no manifest", other.Errors);
        Assert.Contains("none.json", none.Errors);
        Assert.Equal(2, (await _gateway.RunAsync("train")).ExitCode);
    }

    [Fact]
    public async Task A_head_without_an_evaluation_says_so_and_has_no_figure()
    {
        _gateway.State.Heads[0].Evaluation = null;

        var outcome = await _gateway.RunAsync("heads", "show", "flowers", "--figure", _folder.File("head.png"));

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("no validation images", outcome.Output);
        Assert.Contains("no evaluation to draw", outcome.Errors);
    }
}
