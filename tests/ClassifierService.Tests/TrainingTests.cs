using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class TrainingTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_run_trains_a_head_that_is_live_at_once_and_right()
    {
        var dataset = await _service.AddDatasetAsync(examples: 80, labels: 4);

        var run = await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset,
            Head = _head,
            Recipe = new Recipe { HiddenUnits = { 64 }, LearningRate = 0.001f, Epochs = 6, Seed = 3 },
        });
        var events = await _service.WatchAsync(run.RunId);

        Assert.Equal(RunState.Queued, run.State);
        Assert.Equal((0.5f, 12, Optimizer.Rmsprop), (run.Recipe.Dropout, run.Recipe.BatchSize, run.Recipe.Optimizer));
        Assert.Equal([1, 2, 3, 4, 5, 6], events.SkipLast(1).Select(told => told.Epoch.Epoch_));
        Assert.All(events.SkipLast(1), told => Assert.True(told.Epoch is { HasValLoss: true, Seconds: > 0, Loss: > 0 }));
        var finished = events[^1].Finished;
        Assert.Equal((_head, 1, true), (finished.Head, finished.Version, finished.Promoted));
        Assert.Equal((20, 1, 1), (finished.Evaluation.ValidationExamples, finished.Evaluation.Accuracy, finished.Evaluation.Top5Accuracy));
        Assert.Equal([5, 5, 5, 5], finished.Evaluation.Labels.Select(label => label.Support));

        var ended = await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId });
        Assert.Equal((RunState.Succeeded, 6, 1), (ended.State, ended.EpochsDone, ended.Version));
        var head = await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head });
        Assert.Equal((run.RunId, dataset, ended.DatasetDigest, true), (head.RunId, head.Dataset, head.DatasetDigest, head.Live));
        Assert.Equal((ended.Recipe, finished.Evaluation), (head.Recipe, head.Evaluation));
        Assert.Equal("label 2", (await _service.Classification.ClassifyAsync(Some.Request(_head, SyntheticVectors.Vector(999, 2)))).Predictions[0].Label);
    }

    [Fact]
    public async Task Watchers_early_late_and_again_are_told_the_same()
    {
        var run = await StartAsync(epochs: 15);

        var early = Enumerable.Range(0, 3).Select(_ => _service.WatchAsync(run.RunId)).ToList();
        var told = await Task.WhenAll(early);
        var late = await _service.WatchAsync(run.RunId);

        Assert.Equal(16, late.Count);
        Assert.All(told, events => Assert.Equal(late, events));
    }

    [Fact]
    public async Task A_second_version_goes_live_only_when_asked_and_better_and_the_same_seed_makes_the_same_bits()
    {
        var dataset = await _service.AddDatasetAsync();
        foreach (var promote in new[] { false, false, true })
        {
            await _service.WatchAsync((await StartAsync(dataset, promote: promote, epochs: 2)).RunId);
            Assert.Equal(1, (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head })).Version);
        }

        var models = await Task.WhenAll(Enumerable.Range(1, 3).Select(version => _service.Get<HeadStore>().GetModelAsync(_head, version)));
        Assert.Equal(models[0], models[1]);
        Assert.Equal(models[0], models[2]);
    }

    [Fact]
    public async Task A_run_is_cancelled_while_it_trains_and_another_while_it_waits()
    {
        var training = await StartAsync(epochs: 10_000);
        var waiting = await StartAsync(epochs: 10_000);
        using (var call = _service.Training.WatchRun(new WatchRunRequest { RunId = training.RunId })) await call.ResponseStream.MoveNext();

        var cancelledWaiting = await _service.Training.CancelRunAsync(new CancelRunRequest { RunId = waiting.RunId });
        var cancelledTraining = await _service.Training.CancelRunAsync(new CancelRunRequest { RunId = training.RunId });

        Assert.Equal((RunState.Cancelled, 0), (cancelledWaiting.State, cancelledWaiting.EpochsDone));
        Assert.Equal(RunState.Cancelled, cancelledTraining.State);
        Assert.Equal((int)StatusCode.Cancelled, (await _service.WatchAsync(training.RunId))[^1].Failed.Code);
        Assert.Equal(RunState.Cancelled, (await _service.Training.CancelRunAsync(new CancelRunRequest { RunId = training.RunId })).State);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head }));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first_and_by_head()
    {
        var dataset = await _service.AddDatasetAsync();
        var first = await StartAsync(dataset, epochs: 1);
        await Task.Delay(5);
        var second = await StartAsync(dataset, epochs: 1);
        await _service.WatchAsync(second.RunId);

        var runs = (await _service.Training.ListRunsAsync(new ListRunsRequest { Head = _head })).Runs;

        Assert.Equal([second.RunId, first.RunId], runs.Select(run => run.RunId));
        Assert.True((await _service.Training.ListRunsAsync(new ListRunsRequest())).Runs.Count >= 2);
    }

    [Fact]
    public async Task What_is_unknown_is_not_found()
    {
        await Some.RefusedAsync(StatusCode.NotFound, async () => await StartAsync("nowhere"), "nowhere");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Training.GetRunAsync(new GetRunRequest { RunId = "none" }), "none");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Training.CancelRunAsync(new CancelRunRequest { RunId = "none" }), "none");
        await Some.RefusedAsync(StatusCode.NotFound, () => _service.WatchAsync("none"), "none");
    }

    [Fact]
    public async Task A_run_stopped_early_says_whose_epochs_weights_it_kept_and_they_are_what_is_served()
    {
        var run = await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = await _service.AddDatasetAsync(),
            Head = _head,
            // A step so long that the loss soon goes up again.
            Recipe = new Recipe { HiddenUnits = { 32 }, Optimizer = Optimizer.Sgd, LearningRate = 0.5f, Epochs = 500, EarlyStopping = new EarlyStopping { Patience = 3 } },
        });

        var events = await _service.WatchAsync(run.RunId);

        var (epochs, finished) = (events.SkipLast(1).Select(told => told.Epoch).ToList(), events[^1].Finished);
        var best = epochs.MinBy(epoch => epoch.ValLoss)!;
        Assert.InRange(epochs.Count, 4, 499);
        Assert.Equal((best.Epoch_, best.Epoch_ + 3), (finished.Epoch, epochs[^1].Epoch_));
        Assert.Equal(best.ValAccuracy, finished.Evaluation.Accuracy);
        Assert.Equal(best.ValLoss, finished.Evaluation.LogLoss, 1e-5f * (1 + best.ValLoss));
    }

    [Fact]
    public async Task A_run_whose_vectors_are_gone_or_broken_fails_and_says_which_image()
    {
        var dataset = await _service.AddDatasetAsync();
        var example = (await _service.Get<DatasetStore>().ReadAsync(dataset))!.Examples[3];
        Assert.True(ImageHash.TryRead(example.ImageHash.Span, out var image));

        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, Enumerable.Repeat(float.NaN, Some.Dimensions).ToArray());
        await FailsAsync("not finite");
        await _service.Get<VectorStore>().DeleteAsync(Some.Backbone.Fingerprint, [image]);
        await FailsAsync("1 of the 48");

        async Task FailsAsync(string says)
        {
            var run = await StartAsync(dataset);
            var failed = (await _service.WatchAsync(run.RunId)).Single().Failed;
            Assert.Equal((int)StatusCode.FailedPrecondition, failed.Code);
            Assert.Contains(image.ToString(), failed.Message);
            Assert.Contains(says, failed.Message);
            Assert.Equal(RunState.Failed, (await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State);
        }
    }

    [Fact]
    public async Task A_run_whose_process_died_is_marked_failed_with_the_reason()
    {
        // As a killed process leaves it: in hand, with a lease that nobody renews.
        var run = new Run { RunId = Guid.NewGuid().ToString("N"), Head = _head, State = RunState.Running, Created = Timestamp.FromDateTime(DateTime.UtcNow) };
        await _service.Get<RunStore>().SaveAsync(run);
        await _service.Get<RunLeases>().TakeAsync(run.RunId);

        var last = (await _service.WatchAsync(run.RunId).WaitAsync(RunLeases.Lifetime + TimeSpan.FromSeconds(15)))[^1];

        Assert.Contains("died", last.Failed.Message);
        Assert.Equal(RunState.Failed, (await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State);
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_a_stopped_service_leaves_no_run_behind()
    {
        using var directory = new TempDirectory();
        var runs = new List<string>();
        await using (var service = await ServiceUnderTest.StartAsync(("Store:DataDirectory", directory.Path), ("Training:QueueCapacity", "1")))
        {
            var dataset = await service.AddDatasetAsync();
            var request = new StartRunRequest { Dataset = dataset, Head = _head, Recipe = new Recipe { Epochs = 10_000 } };
            runs.Add((await service.Training.StartRunAsync(request)).RunId);
            using (var call = service.Training.WatchRun(new WatchRunRequest { RunId = runs[0] })) await call.ResponseStream.MoveNext();
            runs.Add((await service.Training.StartRunAsync(request)).RunId);

            await Some.RefusedAsync(StatusCode.ResourceExhausted, async () => await service.Training.StartRunAsync(request), "1 runs", "Training__QueueCapacity");
            Assert.Equal(2, (await service.Training.ListRunsAsync(new ListRunsRequest())).Runs.Count);
        }

        await using var again = await ServiceUnderTest.StartAsync(("Store:DataDirectory", directory.Path));
        foreach (var run in runs)
        {
            var ended = await again.Training.GetRunAsync(new GetRunRequest { RunId = run });
            Assert.Equal(RunState.Failed, ended.State);
            Assert.Contains("stopped", (await again.WatchAsync(run))[^1].Failed.Message);
        }
    }

    private async Task<Run> StartAsync(string? dataset = null, bool promote = false, int epochs = 2) =>
        await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset ?? await _service.AddDatasetAsync(),
            Head = _head,
            Promote = promote,
            Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = epochs },
        });
}
