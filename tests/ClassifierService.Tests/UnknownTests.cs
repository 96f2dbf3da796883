using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Whether a vector is like what a head was trained on.</summary>
public sealed class UnknownTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;

    [Theory]
    [InlineData(0f, 0)]
    [InlineData(0.1f, 10)]
    [InlineData(0.25f, 25)]
    public void The_threshold_leaves_the_asked_share_of_validation_examples_beyond_it_and_left_out_classes_too(float rate, int beyond)
    {
        var data = SyntheticVectors.Data(training: 400, validation: 100, dimensions: 96, labels: 10);

        var detector = DetectorFit.Fit(data, rate, threads: 2, CancellationToken.None)!;

        Assert.Equal(beyond, data.ValidationRows.Count(row => detector.IsUnknown(detector.Distance(data.Row(row)))));
        Assert.All(Enumerable.Range(0, 50), i => Assert.True(detector.IsUnknown(detector.Distance(SyntheticVectors.Vector(10_000 + i, 20 + (i % 5), 96)))));
    }

    [Fact]
    public void The_same_vectors_give_the_same_bits_on_any_number_of_threads()
    {
        var data = SyntheticVectors.Data(training: 300, validation: 40, dimensions: 300, labels: 7);

        var one = DetectorFit.Fit(data, 0.05f, threads: 1, CancellationToken.None)!;
        var three = DetectorFit.Fit(data, 0.05f, threads: 3, CancellationToken.None)!;

        Assert.Equal([one.Mean, one.Axes, one.Whitening, one.LabelMeans, [one.Threshold]], [three.Mean, three.Axes, three.Whitening, three.LabelMeans, [three.Threshold]]);
    }

    [Fact]
    public void The_axes_are_those_along_which_the_vectors_vary_most()
    {
        // Three directions of standard deviation 30, 20 and 10; one in all others.
        var random = new Random(5);
        var matrix = new float[600 * 40];
        for (var i = 0; i < matrix.Length; i++)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            matrix[i] = (float)(normal * (i % 40) switch { 3 => 30, 17 => 20, 38 => 10, _ => 1 });
        }

        var data = new TrainingData(MemoryMatrix.Of(matrix, 40), ["a"], new int[600], [.. Enumerable.Range(0, 600)], []);
        var axes = PrincipalAxes.Find(data, data.TrainingRows, new float[40], 3, new ParallelOptions());

        Assert.Equal([1f, 1f, 1f], new[] { 3, 17, 38 }.Select(column => MathF.Sqrt(Enumerable.Range(0, 3).Sum(axis => axes[(axis * 40) + column] * axes[(axis * 40) + column]))), (a, b) => Math.Abs(a - b) < 0.02);
    }

    [Fact]
    public void Vectors_that_do_not_vary_still_give_a_detector()
    {
        var data = new TrainingData(MemoryMatrix.Of([.. Enumerable.Repeat(1f, 20 * 8)], 8), ["a", "b"], [.. Enumerable.Range(0, 20).Select(row => row % 2)], [.. Enumerable.Range(0, 16)], [16, 17, 18, 19]);

        var detector = DetectorFit.Fit(data, 0.05f, threads: 1, CancellationToken.None)!;

        Assert.False(detector.IsUnknown(detector.Distance(data.Row(0))));
        Assert.True(detector.IsUnknown(detector.Distance([1, 1, 1, 1, 1, 1, 1, 2])));
    }

    [Fact]
    public async Task A_trained_head_answers_unknown_when_asked_and_so_does_its_export()
    {
        var head = await TrainAsync(await _service.AddDatasetAsync(examples: 200), new Recipe { Epochs = 1, NoHiddenLayers = true, UnknownFalseRejectRate = 0.1f });
        var description = (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = head })).Unknown;
        Assert.Equal((UnknownScore.Mahalanobis, 0.1f, 48L), (description.Score, description.FalseRejectRate, description.ValidationExamples));

        var known = (await ClassifyAsync(head, SyntheticVectors.Vector(5, 1))).Unknown;
        var unknown = (await ClassifyAsync(head, SyntheticVectors.Vector(5, 77))).Unknown;

        Assert.Equal((false, true, description.Threshold), (known.Unknown_, unknown.Unknown_, known.Threshold));
        Assert.True(known.Score < description.Threshold && unknown.Score > description.Threshold);
        Assert.Null((await _service.Classification.ClassifyAsync(Some.Request(head))).Unknown);

        using var export = _service.Heads.ExportHead(new ExportHeadRequest { Head = head });
        var parts = await export.ResponseStream.ReadAllAsync().Select(part => part.Data.ToByteArray()).ToListAsync();
        using var import = _service.Heads.ImportHead();
        for (var part = 0; part < parts.Count; part++)
        {
            await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = part == 0 ? $"{head} again" : "", Data = ByteString.CopyFrom(parts[part]) });
        }

        await import.RequestStream.CompleteAsync();
        var copy = await import;
        Assert.Equal(description, copy.Unknown);
        Assert.Equal(unknown, (await ClassifyAsync(copy.Head_, SyntheticVectors.Vector(5, 77))).Unknown);
    }

    [Fact]
    public async Task A_head_that_cannot_tell_says_why()
    {
        var imported = (await _service.ImportAsync(Some.Name("head"), Some.Model())).Head_;
        await Some.RefusedAsync(StatusCode.FailedPrecondition, () => ClassifyAsync(imported, new float[Some.Dimensions]), imported, "unknown", "imported");

        var dataset = Some.Name("dataset");
        for (var i = 0; i < 8; i++)
        {
            var image = Some.Image();
            await _service.Get<FeatureStore.VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(i, i % 2));
            await _service.AddExamplesAsync(Some.Example(dataset, image, $"label {i % 2}"));
        }

        var head = await TrainAsync(dataset, new Recipe { Epochs = 1 });
        await Some.RefusedAsync(StatusCode.FailedPrecondition, () => ClassifyAsync(head, new float[Some.Dimensions]), head, "validation");
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(-0.1f)]
    [InlineData(float.NaN)]
    public async Task A_false_reject_rate_out_of_range_is_refused(float rate)
    {
        var dataset = await _service.AddDatasetAsync();
        await Some.RefusedAsync(
            StatusCode.InvalidArgument,
            async () => await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = "h", Recipe = new Recipe { UnknownFalseRejectRate = rate } }),
            "unknown_false_reject_rate", "below 1");
    }

    private async Task<ClassifyResponse> ClassifyAsync(string head, float[] vector)
    {
        var request = Some.Request(head, vector);
        request.AnswerUnknown = true;
        return await _service.Classification.ClassifyAsync(request);
    }

    private async Task<string> TrainAsync(string dataset, Recipe recipe)
    {
        var head = Some.Name("head");
        var run = await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = head, Recipe = recipe });
        Assert.NotNull((await _service.WatchAsync(run.RunId))[^1].Finished);
        return head;
    }
}
