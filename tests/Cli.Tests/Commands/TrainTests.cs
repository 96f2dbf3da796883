using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class TrainTests
{
    private static readonly RunEvent[] ThreeEpochs =
    [
        Epoch(1), Epoch(2), Epoch(3),
        new()
        {
            Finished = new Finished
            {
                Head = "flowers", Version = 7, Promoted = true,
                Evaluation = new Evaluation { ValidationExamples = 12, Accuracy = 0.5f, Top5Accuracy = 0.75f, LogLoss = 1.25f },
            },
        },
    ];

    [Fact]
    public async Task Only_what_was_asked_for_is_in_the_recipe()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;

        await gateway.RunAsync("train", "flowers", "--epochs", "3", "--dropout", "0", "--hidden", "256,128");

        var started = gateway.State.Started!;
        Assert.Equal(("flowers", "flowers", true), (started.Dataset, started.Head, started.Promote));
        Assert.Equal(new Recipe { Epochs = 3, Dropout = 0, HiddenUnits = { 256, 128 } }, started.Recipe);
        Assert.False(started.Recipe.HasLearningRate || started.Recipe.HasBatchSize);
    }

    [Fact]
    public async Task What_is_not_given_is_left_to_the_service()
    {
        await using var gateway = await FakeGateway.StartAsync();

        gateway.State.Events = ThreeEpochs;

        await gateway.RunAsync("train", "flowers", "--epochs", "40");

        Assert.Equal(new Recipe { Epochs = 40 }, gateway.State.Started!.Recipe);
    }

    [Fact]
    public async Task A_head_without_hidden_layers_can_be_asked_for_and_left_unpromoted()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;

        await gateway.RunAsync("train", "flowers", "--head", "linear", "--hidden", "none", "--no-promote", "--seed", "18446744073709551615");

        var started = gateway.State.Started!;
        Assert.Equal(("linear", false), (started.Head, started.Promote));
        Assert.Equal(new Recipe { NoHiddenLayers = true, Seed = ulong.MaxValue }, started.Recipe);
    }

    [Fact]
    public async Task Every_way_to_train_reaches_the_recipe()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;

        await gateway.RunAsync(
            "train", "flowers", "--optimizer", "sgd", "--momentum", "0.5", "--label-smoothing", "0.1", "--early-stopping", "3", "--min-delta", "0.01",
            "--class-weight", "rose=2", "--class-weight", "a=b=0.5");

        Assert.Equal(
            new Recipe
            {
                Optimizer = Optimizer.Sgd,
                Momentum = 0.5f,
                LabelSmoothing = 0.1f,
                EarlyStopping = new EarlyStopping { Patience = 3, MinDelta = 0.01f },
                ClassWeights = new ClassWeights { Weights = { ["rose"] = 2, ["a=b"] = 0.5f } },
            },
            gateway.State.Started!.Recipe);

        await gateway.RunAsync("train", "flowers", "--optimizer", "adam", "--balanced");

        Assert.Equal(new Recipe { Optimizer = Optimizer.Adam, ClassWeights = new ClassWeights { Balanced = true } }, gateway.State.Started!.Recipe);
    }

    [Fact]
    public async Task The_epoch_that_was_kept_is_named_when_it_is_not_the_last()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = [Epoch(1), Epoch(2), Epoch(3), new() { Finished = new Finished { Head = "flowers", Version = 7, Epoch = 2 } }];

        var outcome = await gateway.RunAsync("train", "flowers", "--early-stopping", "1");

        Assert.Contains("Kept the weights of epoch 2", outcome.Output);
    }

    [Fact]
    public async Task A_warm_start_tells_what_the_old_labels_lost()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Recipe = new Recipe { Epochs = 1, WarmStart = new WarmStart { Version = 6 } };
        gateway.State.Events =
        [
            Epoch(1),
            new()
            {
                Finished = new Finished
                {
                    Head = "flowers", Version = 7, Epoch = 1, NewLabels = { "tulip" },
                    LabelChanges =
                    {
                        new LabelChange { Label = "daisy", RecallBefore = 0.5f, RecallAfter = 0.75f, Support = 4 },
                        new LabelChange { Label = "rose", RecallBefore = 0.9f, RecallAfter = 0.8f, Support = 10 },
                    },
                },
            },
        ];

        var outcome = await gateway.RunAsync("train", "flowers", "--warm-start", "live");

        Assert.Equal(new Recipe { WarmStart = new WarmStart() }, gateway.State.Started!.Recipe);
        Assert.Contains("Begun from version 6: of the 2 labels that it knew, 1 lost recall and 1 gained; new: tulip", outcome.Output);
        Assert.Matches("rose +90.0 % +80.0 % +10", outcome.Output);
        Assert.DoesNotContain("daisy", outcome.Output);
    }

    [Fact]
    public async Task Every_epoch_is_one_plain_line_and_the_result_follows()
    {
        using var folder = new TempDirectory();
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;

        var outcome = await gateway.RunAsync("train", "flowers", "--plot", folder.File("curves.png"));

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(3, outcome.Output.Split('\n').Count(line => line.StartsWith("epoch ")));
        Assert.Contains("epoch 2/3  0.5 s  loss 1.5000  accuracy 0.2500  val_loss 2.0000", outcome.Output);
        Assert.Contains("Version 7 of \"flowers\" is live", outcome.Output);
        Assert.Contains("top-1 50.0 %, top-5 75.0 %, log-loss 1.250", outcome.Output);
        Assert.True(new FileInfo(folder.File("curves.png")).Length > 5_000);
    }

    [Fact]
    public async Task When_a_version_goes_live_can_be_said()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;

        await gateway.RunAsync("train", "flowers", "--metric", "log-loss", "--min-gain", "-0.5", "--max-recall-loss", "0");
        Assert.Equal(new PromotionRule { Metric = PromotionMetric.LogLoss, MinGain = -0.5f, MaxRecallLoss = 0 }, gateway.State.Started!.Promotion);

        await gateway.RunAsync("train", "flowers");
        Assert.Null(gateway.State.Started!.Promotion);
    }

    [Fact]
    public async Task A_version_that_stays_staged_says_why_and_what_to_do()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events =
        [
            new()
            {
                Finished = new Finished
                {
                    Head = "flowers", Version = 7,
                    PromotionDecision = new PromotionDecision
                    {
                        Verdict = PromotionVerdict.LabelLost, Reason = "two labels lost", LiveVersion = 6, ValidationExamples = 1200, LabelsWithLosses = 13,
                        Live = new PromotionFigures { Accuracy = 0.5f }, Candidate = new PromotionFigures { Accuracy = 0.75f, LogLoss = 1.5f },
                        Losses = { new LabelLoss { Label = "[rose]", Support = 8, LiveRecall = 1, CandidateRecall = 0.5f, Lost = true }, new LabelLoss { Label = "fern" } },
                    },
                },
            },
        ];

        var outcome = await gateway.RunAsync("train", "flowers");

        Assert.Contains("Version 7 of \"flowers\" is there; it is not live\nNot promoted: two labels lost\nOn the same 1,200 validation images:\n", outcome.Output);
        Assert.Contains("  version 7            top-1 75.0 %, top-5 0.0 %, log-loss 1.500\n  version 6 (live)     top-1 50.0 %", outcome.Output);
        Assert.Contains("  lost   [rose]: recall 50.0 % after 100.0 %, of 8\n  fewer  fern: the new version lacks it\n", outcome.Output);
        Assert.Contains("3 labels more", outcome.Output);
        Assert.Contains("topfive promote flowers 7", outcome.Output);
    }

    [Fact]
    public async Task A_broken_watch_is_taken_up_again_and_no_epoch_shows_twice()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = ThreeEpochs;
        gateway.State.BreakAfter = 2;

        var outcome = await gateway.RunAsync("train", "flowers");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(3, outcome.Output.Split('\n').Count(line => line.StartsWith("epoch ")));
    }

    [Fact]
    public async Task A_failed_run_ends_with_1_and_its_reason()
    {
        await using var gateway = await FakeGateway.StartAsync();
        gateway.State.Events = [Epoch(1), new() { Failed = new Google.Rpc.Status { Code = 1, Message = "the run was cancelled" } }];

        var outcome = await gateway.RunAsync("train", "flowers");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal("Run r1 ended after 1 epochs. CANCELLED: the run was cancelled", outcome.Errors.Trim());
    }

    [Fact]
    public async Task An_interrupted_watch_leaves_the_run_and_says_how_to_find_it()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var interrupt = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        var outcome = await CommandLine.RunAsync(["train", "flowers", "--gateway", gateway.Address], interrupt.Token);

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("topfive runs show r1", outcome.Output);
        Assert.Contains("topfive runs cancel r1", outcome.Output);
    }

    private static RunEvent Epoch(int epoch) => new()
    {
        Epoch = new Epoch
        {
            Epoch_ = epoch,
            Seconds = 0.5f,
            Loss = 3f / epoch,
            Accuracy = 0.125f * epoch,
            ValLoss = 4f / epoch,
            ValAccuracy = 0.1f * epoch,
            ValTop5Accuracy = 0.2f * epoch,
        },
    };
}
