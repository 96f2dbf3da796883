using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>What a run makes of datasets that are too large, odd, or on the move.</summary>
public sealed class TrainingDataTests(EmbeddedService embedded)
{
    private static readonly Recipe Small = new() { HiddenUnits = { 32 }, Epochs = 3, Seed = 5 };

    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task Vectors_beyond_the_memory_limit_are_mapped_from_a_file_and_give_the_same_bits()
    {
        using var directory = new TempDirectory();
        await using var store = await EmbeddedStore.StartAsync(directory.File("data"));
        await using var service = await ServiceUnderTest.StartAsync(("Store:ConnectionString", store.ConnectionString));
        await using var limited = await ServiceUnderTest.StartAsync(
            ("Store:ConnectionString", store.ConnectionString),
            // The vectors alone are 1.6 MB.
            ("Training:MemoryLimit", "1200000"), ("Training:SnapshotDirectory", directory.File("snapshots")));
        var dataset = await service.AddDatasetAsync(examples: 200);

        var inMemory = await FinishedAsync(service, dataset, Small);
        var mapped = await FinishedAsync(limited, dataset, Small);

        var heads = service.Get<HeadStore>();
        Assert.Equal(await heads.GetModelAsync(_head, inMemory.Version), await heads.GetModelAsync(_head, mapped.Version));
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.File("snapshots")));
    }

    [Fact]
    public async Task A_snapshot_directory_that_cannot_be_written_fails_the_run_and_names_the_setting()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory.File("taken"), "a file, not a directory");
        await using var service = await ServiceUnderTest.StartAsync(
            ("Store:DataDirectory", directory.File("data")), ("Training:MemoryLimit", "1200000"), ("Training:SnapshotDirectory", directory.File("taken")));

        var failed = (await EventsAsync(service, await service.AddDatasetAsync(examples: 200), Small))[^1].Failed;

        Assert.Equal((int)StatusCode.ResourceExhausted, failed.Code);
        Assert.Contains("Training__SnapshotDirectory", failed.Message);
        Assert.Contains("Training__MemoryLimit", failed.Message);
        Assert.Empty((await service.Heads.ListHeadsAsync(new ListHeadsRequest())).Heads);
    }

    [Fact]
    public async Task A_run_keeps_the_dataset_as_it_was_when_it_began()
    {
        var dataset = await _service.AddDatasetAsync();
        var before = await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = dataset });
        var run = await _service.Training.StartRunAsync(
            new StartRunRequest { Dataset = dataset, Head = _head, Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = 60 } });
        using (var call = _service.Training.WatchRun(new WatchRunRequest { RunId = run.RunId })) await call.ResponseStream.MoveNext();

        // The dataset goes, with its vectors, and comes back with other labels.
        var images = (await _service.Get<DatasetStore>().ReadAsync(dataset))!.Examples
            .Select(example => ImageHash.TryRead(example.ImageHash.Span, out var image) ? image : throw new InvalidDataException()).ToList();
        await _service.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = dataset });
        await _service.Get<VectorStore>().DeleteAsync(Some.Backbone.Fingerprint, images);
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, images[0], SyntheticVectors.Vector(1, 1));
        await _service.AddExamplesAsync(Some.Example(dataset, images[0], "another"));
        var stillTrained = (await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State;

        Assert.NotNull((await _service.WatchAsync(run.RunId))[^1].Finished);
        var head = await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head });
        Assert.Equal(RunState.Running, stillTrained);
        Assert.Equal((before.Digest, 12), (head.DatasetDigest, head.Evaluation.ValidationExamples));
        Assert.Equal(before.Labels, head.Labels);
    }

    [Fact]
    public async Task A_label_that_never_validates_is_trained_and_its_recall_is_over_no_example()
    {
        var dataset = await _service.AddDatasetAsync();
        foreach (var seed in new[] { 1, 2, 3, 4 })
        {
            var image = Some.Image();
            await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(seed, 8));
            await _service.AddExamplesAsync(Some.Example(dataset, image, "only trained"));
        }

        var finished = await FinishedAsync(_service, dataset, Small);

        var label = finished.Evaluation.Labels.Single(label => label.Label == "only trained");
        Assert.Equal((0, 0), (label.Support, label.Recall));
        Assert.Equal(12, finished.Evaluation.ValidationExamples);
        Assert.True(float.IsFinite(finished.Evaluation.LogLoss));
    }

    [Fact]
    public async Task As_many_runs_train_at_a_time_as_the_setting_says()
    {
        using var directory = new TempDirectory();
        await using var service = await ServiceUnderTest.StartAsync(("Store:DataDirectory", directory.Path), ("Training:ConcurrentRuns", "2"));
        var request = new StartRunRequest { Dataset = await service.AddDatasetAsync(), Head = _head, Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = 10_000 } };
        var runs = new List<string>();
        for (var i = 0; i < 3; i++) runs.Add((await service.Training.StartRunAsync(request)).RunId);

        foreach (var run in runs.Take(2))
        {
            using var call = service.Training.WatchRun(new WatchRunRequest { RunId = run });
            Assert.True(await call.ResponseStream.MoveNext());
        }

        var states = await Task.WhenAll(runs.Select(async run => (await service.Training.GetRunAsync(new GetRunRequest { RunId = run })).State));
        Assert.Equal([RunState.Running, RunState.Running, RunState.Queued], states);
        await service.Training.CancelRunAsync(new CancelRunRequest { RunId = runs[0] });
        using var third = service.Training.WatchRun(new WatchRunRequest { RunId = runs[2] });
        Assert.True(await third.ResponseStream.MoveNext());
        Assert.Equal(1, third.ResponseStream.Current.Epoch.Epoch_);
    }

    private async Task<List<RunEvent>> EventsAsync(ServiceUnderTest service, string dataset, Recipe recipe) => await service.WatchAsync(
        (await service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = recipe })).RunId);

    private async Task<Finished> FinishedAsync(ServiceUnderTest service, string dataset, Recipe recipe)
    {
        var last = (await EventsAsync(service, dataset, recipe))[^1];
        Assert.Equal((RunEvent.EventOneofCase.Finished, null), (last.EventCase, last.Failed?.Message));
        return last.Finished;
    }
}
