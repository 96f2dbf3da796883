using Google.Protobuf;
using Grpc.Core;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class HeadsTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_first_version_goes_live_and_later_ones_when_promoted()
    {
        var first = await _service.ImportAsync(_head, Some.Model());
        var second = await _service.ImportAsync(_head, Some.Model(favourite: 2));
        var third = await _service.ImportAsync(_head, Some.Model(favourite: 3), promote: true);

        Assert.Equal([(1, true), (2, false), (3, true)], new[] { first, second, third }.Select(head => (head.Version, head.Live)));
        Assert.Equal(7 * 2049, first.Parameters);
        Assert.Equal(Enumerable.Range(0, 7).Select(label => $"label {label}"), first.Labels);
        Assert.Equal(3, (await _service.Classification.ClassifyAsync(Some.Request(_head))).Version);
    }

    [Fact]
    public async Task Promotion_and_rollback_are_served_at_once_by_the_replica_that_made_them()
    {
        for (var favourite = 0; favourite < 3; favourite++) await _service.ImportAsync(_head, Some.Model(favourite: favourite));
        Assert.Equal(0, await PredictAsync());

        Assert.Equal(1, (await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 3 })).PreviousVersion);
        Assert.Equal(2, await PredictAsync());
        await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 2 });
        Assert.Equal(1, await PredictAsync());

        var back = await _service.Heads.RollbackAsync(new RollbackRequest { Head = _head });
        Assert.Equal((3, 2, true), (back.Head.Version, back.PreviousVersion, back.Head.Live));
        Assert.Equal(2, await PredictAsync());
        await _service.Heads.RollbackAsync(new RollbackRequest { Head = _head });
        Assert.Equal(0, await PredictAsync());
        await Some.RefusedAsync(StatusCode.FailedPrecondition, async () => await _service.Heads.RollbackAsync(new RollbackRequest { Head = _head }), _head);
    }

    [Fact]
    public async Task Versions_are_listed_got_and_deleted_unless_live()
    {
        await _service.ImportAsync(_head, Some.Model());
        await _service.ImportAsync(_head, Some.Model());

        Assert.Equal([2, 1], (await _service.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads.Select(head => head.Version));
        Assert.Equal(1, (await _service.Heads.ListHeadsAsync(new ListHeadsRequest())).Heads.Single(head => head.Head_ == _head).Version);
        Assert.Equal(1, (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head })).Version);
        Assert.Equal(2, (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = 2 })).Version);

        await Some.RefusedAsync(
            StatusCode.FailedPrecondition, async () => await _service.Heads.DeleteVersionAsync(new DeleteVersionRequest { Head = _head, Version = 1 }), "1", _head);
        await _service.Heads.DeleteVersionAsync(new DeleteVersionRequest { Head = _head, Version = 2 });
        await Some.RefusedAsync(
            StatusCode.NotFound, async () => await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head, Version = 2 }), "2", _head);
    }

    [Fact]
    public async Task What_is_unknown_is_not_found_and_what_names_nothing_is_refused()
    {
        await _service.ImportAsync(_head, Some.Model());

        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = "nobody" }), "nobody");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.ListHeadsAsync(new ListHeadsRequest { Head = "nobody" }), "nobody");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head, Version = 9 }), "9", _head);
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.RollbackAsync(new RollbackRequest { Head = "nobody" }), "nobody");
        await Some.RefusedAsync(StatusCode.InvalidArgument, async () => await _service.Heads.PromoteAsync(new PromoteRequest { Head = _head }), "version", "0");
        await Some.RefusedAsync(StatusCode.NotFound, () => ExportAsync(9), "9", _head);
    }

    [Fact]
    public async Task An_exported_head_run_by_OnnxRuntime_says_what_Classify_says()
    {
        var dataset = await _service.AddDatasetAsync();
        var run = await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset,
            Head = _head,
            Recipe = new Recipe { HiddenUnits = { 40, 24 }, LearningRate = 0.002f, Epochs = 3 },
        });
        await _service.WatchAsync(run.RunId);
        var vector = SyntheticVectors.Vector(77, 2);

        using var session = new InferenceSession(await ExportAsync(version: 0));
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("vector", new DenseTensor<float>(vector, [1, vector.Length]))]);
        var probabilities = outputs.Single(output => output.Name == "probabilities").AsEnumerable<float>().ToArray();

        var response = await _service.Classification.ClassifyAsync(Some.Request(_head, vector));
        Assert.Equal(4, response.Predictions.Count);
        Assert.Equal(probabilities.Index().OrderByDescending(entry => entry.Item).Select(entry => entry.Index), response.Predictions.Select(prediction => prediction.Index));
        Assert.All(response.Predictions, prediction => Assert.Equal(probabilities[prediction.Index], prediction.Probability, 1e-6));
    }

    [Fact]
    public async Task A_head_serves_and_exports_calibrated_probabilities()
    {
        // Every seventh label is wrong, so the head that learns the others is surer than it should be.
        var dataset = await _service.AddDatasetAsync(examples: 160, labels: 4, wrongEvery: 7);
        var run = await _service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset,
            Head = _head,
            Recipe = new Recipe { HiddenUnits = { 32 }, LearningRate = 0.001f, Epochs = 60, Dropout = 0 },
        });
        var evaluation = (await _service.WatchAsync(run.RunId))[^1].Finished.Evaluation;
        var head = await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head });

        Assert.True(evaluation.Temperature > 1.01, $"temperature {evaluation.Temperature}");
        Assert.True(evaluation.CalibratedLogLoss < evaluation.LogLoss);
        Assert.Equal((evaluation.Temperature, evaluation), (head.Temperature, head.Evaluation));
        Assert.NotEmpty(evaluation.ConfidentMistakes);

        var vector = SyntheticVectors.Vector(77, 2);
        var served = (await _service.Classification.ClassifyAsync(Some.Request(_head, vector))).Predictions;
        var model = await ExportAsync(version: 0);
        using var session = new InferenceSession(model);
        using var outputs = session.Run([NamedOnnxValue.CreateFromTensor("vector", new DenseTensor<float>(vector, [1, vector.Length]))]);
        var exported = outputs.Single(output => output.Name == "probabilities").AsEnumerable<float>().ToArray();
        Assert.All(served, prediction => Assert.Equal(exported[prediction.Index], prediction.Probability, 1e-6));

        // Without the temperature the same weights say another probability.
        var imported = await _service.ImportAsync(Some.Name("head"), model);
        var read = Backbones.HeadModel.Read(model);
        var raw = await _service.ImportAsync(Some.Name("head"), Backbones.HeadModel.Write(new Backbones.DenseHead(read.Labels, read.BackboneFingerprint, read.Layers)));
        Assert.Equal((evaluation.Temperature, 1), (imported.Temperature, raw.Temperature));
        var uncalibrated = (await _service.Classification.ClassifyAsync(Some.Request(raw.Head_, vector))).Predictions;
        Assert.True(uncalibrated[0].Probability > served[0].Probability + 1e-4, $"{uncalibrated[0].Probability} {served[0].Probability}");
        Assert.Equal(uncalibrated.Select(prediction => prediction.Label), served.Select(prediction => prediction.Label));
    }

    [Fact]
    public async Task The_list_of_versions_leaves_out_what_would_not_fit_into_a_message()
    {
        var dataset = await _service.AddDatasetAsync();
        await _service.WatchAsync((await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = _head, Recipe = new Recipe { Epochs = 1 } })).RunId);

        var listed = (await _service.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads.Single().Evaluation;
        var whole = (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = _head })).Evaluation;

        Assert.Equal((whole.Accuracy, whole.Labels), (listed.Accuracy, listed.Labels));
        Assert.NotNull(whole.Confusion);
        Assert.Null(listed.Confusion);
        Assert.Null(listed.Calibration);
    }

    [Fact]
    public async Task An_exported_head_comes_back_the_same_by_import()
    {
        await _service.ImportAsync(_head, Some.Model(favourite: 5));
        var model = await ExportAsync(version: 1);

        var copy = await _service.ImportAsync(Some.Name("head"), model);

        Assert.Equal(Some.Backbone.Fingerprint, copy.BackboneFingerprint);
        Assert.Equal(5, (await _service.Classification.ClassifyAsync(Some.Request(copy.Head_))).Predictions[0].Index);
    }

    [Fact]
    public async Task A_model_that_is_none_or_too_large_or_of_another_width_is_refused_and_leaves_no_head()
    {
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.ImportAsync(_head, "not a model"u8.ToArray()), _head, "ONNX");
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.ImportAsync(_head, new byte[2_000_001]), _head, "2,000,000");
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.ImportAsync("", Some.Model()), "head", "200");
        var narrow = new Backbones.DenseHead(
            ["a", "b"], Some.Backbone.Fingerprint, [new Backbones.DenseLayer(3, 2, new float[6], new float[2], Backbones.DenseActivation.Softmax)]);
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.ImportAsync(_head, Backbones.HeadModel.Write(narrow)), "3", "2048");

        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head }));
    }

    [Fact]
    public async Task An_import_that_never_begins_is_refused()
    {
        using var call = _service.Heads.ImportHead();
        await call.RequestStream.CompleteAsync();

        await Some.RefusedAsync(StatusCode.InvalidArgument, async () => await call, "first message");
    }

    private async Task<int> PredictAsync() => (await _service.Classification.ClassifyAsync(Some.Request(_head, topK: 1))).Predictions[0].Index;

    private async Task<byte[]> ExportAsync(long version)
    {
        using var call = _service.Heads.ExportHead(new ExportHeadRequest { Head = _head, Version = version });
        var parts = await call.ResponseStream.ReadAllAsync().Select(part => part.Data).ToListAsync();
        Assert.All(parts, part => Assert.InRange(part.Length, 1, 64 << 10));
        return [.. parts.SelectMany(part => part.ToByteArray())];
    }
}
