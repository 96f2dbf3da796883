using Grpc.Core;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Heads that grow: no image is extracted again, there is not even a FeatureService.</summary>
public sealed class WarmStartTests(EmbeddedService embedded)
{
    private static readonly Recipe Quick = new() { HiddenUnits = { 32 }, LearningRate = 0.001f, Epochs = 10 };

    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_dataset_grows_by_a_label_and_the_run_that_begins_from_the_live_version_says_what_the_others_lost()
    {
        var dataset = await _service.AddDatasetAsync(examples: 64, labels: 4);
        await RunAsync(dataset, Quick);
        await AddLabelAsync(dataset, "a new label", likeLabel: 9);

        var finished = await RunAsync(dataset, new Recipe { LearningRate = 0.001f, Epochs = 10, WarmStart = new WarmStart() });

        Assert.Equal(["a new label"], finished.NewLabels);
        Assert.Empty(finished.DroppedLabels);
        Assert.Equal(["label 0", "label 1", "label 2", "label 3"], finished.LabelChanges.Select(change => change.Label));
        Assert.All(finished.LabelChanges, change => Assert.Equal((1, 1, 4), (change.RecallBefore, change.RecallAfter, change.Support)));
        var head = await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = finished.Version });
        Assert.Equal((2, 1, 32), (head.Version, head.Recipe.WarmStart.Version, head.Recipe.HiddenUnits.Single()));
        var request = Some.Request(_head, SyntheticVectors.Vector(777, 9));
        request.Version = finished.Version;
        Assert.Equal("a new label", (await _service.Classification.ClassifyAsync(request)).Predictions[0].Label);
    }

    [Fact]
    public async Task What_an_old_label_lost_is_told_of_the_same_validation_images()
    {
        var dataset = await _service.AddDatasetAsync(examples: 64, labels: 4);
        await RunAsync(dataset, Quick);
        // Images that look like label 1 but are called otherwise: label 1 has to give way.
        await AddLabelAsync(dataset, "label 1 twin", likeLabel: 1, examples: 120);

        var finished = await RunAsync(dataset, new Recipe { LearningRate = 0.003f, Epochs = 20, WarmStart = new WarmStart { Version = 1 } });

        var lost = finished.LabelChanges.Single(change => change.Label == "label 1");
        Assert.Equal(1, lost.RecallBefore);
        Assert.True(lost.RecallAfter < 1, $"label 1 still has recall {lost.RecallAfter}");
        Assert.Equal(lost.RecallAfter, finished.Evaluation.Labels.Single(label => label.Label == "label 1").Recall);
    }

    [Fact]
    public async Task Labels_that_the_dataset_no_longer_has_are_dropped_and_named()
    {
        await RunAsync(await _service.AddDatasetAsync(examples: 64, labels: 5), Quick);

        var finished = await RunAsync(await _service.AddDatasetAsync(examples: 64, labels: 4), new Recipe { Epochs = 1, WarmStart = new WarmStart() });

        Assert.Equal(["label 4"], finished.DroppedLabels);
        Assert.Equal(4, (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = finished.Version })).Labels.Count);
    }

    [Fact]
    public async Task A_version_that_cannot_be_begun_from_is_refused_with_both_sides_named()
    {
        var dataset = await _service.AddDatasetAsync();
        await RefusedAsync(StatusCode.FailedPrecondition, new Recipe { WarmStart = new WarmStart() }, _head, "no live version");
        await RunAsync(dataset, new Recipe { HiddenUnits = { 32 }, Epochs = 1 });

        await RefusedAsync(StatusCode.NotFound, new Recipe { WarmStart = new WarmStart { Version = 7 } }, _head, "7");
        await RefusedAsync(StatusCode.InvalidArgument, new Recipe { WarmStart = new WarmStart { Version = -1 } }, "warm_start.version", "-1");
        await RefusedAsync(
            StatusCode.FailedPrecondition, new Recipe { HiddenUnits = { 64, 32 }, WarmStart = new WarmStart() }, "[32]", "[64, 32]", "hidden_units");
        await RefusedAsync(StatusCode.FailedPrecondition, new Recipe { HiddenUnits = { 64 }, WarmStart = new WarmStart() }, "[32]", "[64]");
        await RefusedAsync(StatusCode.FailedPrecondition, new Recipe { NoHiddenLayers = true, WarmStart = new WarmStart() }, "[32]", "[]");

        await _service.ImportAsync(_head, WithLinearHiddenLayer(units: 8), promote: true);
        await RefusedAsync(StatusCode.FailedPrecondition, new Recipe { WarmStart = new WarmStart() }, "version 2", _head, "relu");

        var other = new string('c', 64);
        await _service.ImportAsync(_head, Some.Model(fingerprint: other), promote: true);
        await RefusedAsync(StatusCode.FailedPrecondition, new Recipe { WarmStart = new WarmStart() }, other, Some.Backbone.Fingerprint);

        Task<RpcException> RefusedAsync(StatusCode code, Recipe recipe, params string[] says) =>
            Some.RefusedAsync(code, async () => await StartAsync(dataset, recipe), says);
    }

    private static byte[] WithLinearHiddenLayer(int units) => HeadModel.Write(new DenseHead(
        ["label 0"], Some.Backbone.Fingerprint,
        [
            new DenseLayer(Some.Dimensions, units, new float[Some.Dimensions * units], new float[units], DenseActivation.Linear),
            new DenseLayer(units, 1, new float[units], [0], DenseActivation.Softmax),
        ]));

    private async Task<Finished> RunAsync(string dataset, Recipe recipe)
    {
        var events = await _service.WatchAsync((await StartAsync(dataset, recipe)).RunId);
        Assert.Equal((RunEvent.EventOneofCase.Finished, null), (events[^1].EventCase, events[^1].Failed?.Message));
        return events[^1].Finished;
    }

    private async Task<Run> StartAsync(string dataset, Recipe recipe) =>
        await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = recipe });

    private async Task AddLabelAsync(string dataset, string label, int likeLabel, int examples = 16)
    {
        var added = new List<Example>();
        for (var i = 0; i < examples; i++)
        {
            var image = Some.Image();
            await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(5_000 + i, likeLabel));
            added.Add(Some.Example(dataset, image, label, i % 4 == 3 ? Split.Validation : Split.Training));
        }

        await _service.AddExamplesAsync(added);
    }
}
