using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>How well a version tells images that are of none of its labels.</summary>
public sealed class OutlierTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;

    [Fact]
    public void The_area_under_the_curve_is_that_of_counting_pairs_by_hand()
    {
        // Twelve pairs: 4 is above three, 2 is above one and equal to one, 1 is equal to one, NaN is above all: 3 + 1.5 + 0.5 + 3 = 8.
        Assert.Equal(8 / 12.0, OutlierMeasurements.Area([1, 2, 3], [4, 2, 1, float.NaN]), 1e-12);
        Assert.Equal(0.5, OutlierMeasurements.Area([7, 7], [7, 7, 7]));
        Assert.Equal(1, OutlierMeasurements.Area([1, 2], [float.PositiveInfinity, 3]));
        Assert.Equal(0, OutlierMeasurements.Area([1, 2], [0, -1]));
        // Both beyond everything: equal.
        Assert.Equal(0.75, OutlierMeasurements.Area([1, float.NaN], [float.PositiveInfinity]));
    }

    [Fact]
    public async Task A_version_is_measured_on_the_images_of_another_dataset_that_are_of_none_of_its_labels()
    {
        var dataset = await _service.AddDatasetAsync();
        var outliers = Some.Name("outliers");
        // Of a new label and like none; the same under a label of the dataset; and all that the dataset has itself.
        await AddAsync(outliers, "another", Enumerable.Range(0, 9).Select(i => Between(500 + i)));
        await AddAsync(outliers, "label 1", Enumerable.Range(0, 5).Select(i => SyntheticVectors.Vector(600 + i, 77)));
        using var own = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset });
        var known = await own.ResponseStream.ReadAllAsync().ToListAsync();
        await _service.AddExamplesAsync(known.Select(example => new Example(example) { Dataset = outliers, Label = "renamed" }));

        var unknown = (await TrainAsync(dataset, outliers)).Unknown;

        Assert.Equal((outliers, 9L, unknown.ValidationExamples), (unknown.Measured.Dataset, unknown.Measured.Outliers, unknown.Measured.ValidationExamples));
        Assert.Equal((await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = outliers })).Digest, unknown.Measured.DatasetDigest);
        // The synthetic classes lie far apart: what is between them is near none, and the labels share it.
        Assert.Equal((1, 1), (unknown.Measured.Auroc, unknown.Measured.Detected));
        Assert.InRange(unknown.Measured.MaxSoftmaxAuroc, 0.7, 1);
        Assert.Null((await TrainAsync(dataset, "")).Unknown.Measured);
    }

    /// <summary>The mean of a vector of each of the dataset's four labels.</summary>
    private static float[] Between(int seed)
    {
        float[][] vectors = [.. Enumerable.Range(0, 4).Select(label => SyntheticVectors.Vector((10 * seed) + label, label))];
        return [.. Enumerable.Range(0, vectors[0].Length).Select(column => vectors.Average(vector => vector[column]))];
    }

    [Fact]
    public async Task Outliers_that_look_like_a_label_are_not_told_apart()
    {
        var dataset = await _service.AddDatasetAsync(examples: 160);
        var outliers = Some.Name("outliers");
        await AddAsync(outliers, "called otherwise", Enumerable.Range(0, 60).Select(i => SyntheticVectors.Vector(5_000 + i, i % 3)));

        var measured = (await TrainAsync(dataset, outliers)).Unknown.Measured;

        Assert.InRange(measured.Auroc, 0.25, 0.75);
        Assert.InRange(measured.Detected, 0, 0.4);
    }

    [Fact]
    public async Task Outliers_that_cannot_be_measured_are_refused_with_the_reason()
    {
        var dataset = await _service.AddDatasetAsync();
        await Some.RefusedAsync(StatusCode.NotFound, () => StartAsync(dataset, "nowhere"), "nowhere", "outliers_dataset");

        // The dataset itself: all of it is known.
        var failed = (await _service.WatchAsync((await StartAsync(dataset, dataset)).RunId))[^1].Failed;
        Assert.Equal((int)StatusCode.FailedPrecondition, failed.Code);
        Assert.Contains($"'{dataset}'", failed.Message);

        var unvalidated = Some.Name("dataset");
        await AddAsync(unvalidated, "a", Enumerable.Range(0, 3).Select(i => SyntheticVectors.Vector(i, 1)));
        await AddAsync(unvalidated, "b", Enumerable.Range(0, 3).Select(i => SyntheticVectors.Vector(i, 2)));
        failed = (await _service.WatchAsync((await StartAsync(unvalidated, dataset)).RunId))[^1].Failed;
        Assert.Equal((int)StatusCode.FailedPrecondition, failed.Code);
        Assert.Contains("no validation examples", failed.Message);
    }

    private async Task<Run> StartAsync(string dataset, string outliers) => await _service.Training.StartRunAsync(new StartRunRequest
    {
        Dataset = dataset,
        Head = $"head of {dataset}",
        OutliersDataset = outliers,
        Recipe = new Recipe { Epochs = 2, NoHiddenLayers = true },
    });

    private async Task<Head> TrainAsync(string dataset, string outliers)
    {
        var run = await StartAsync(dataset, outliers);
        Assert.Equal(outliers, (await _service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).OutliersDataset);
        var finished = (await _service.WatchAsync(run.RunId))[^1].Finished;
        return await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = run.Head, Version = finished.Version });
    }

    private async Task AddAsync(string dataset, string label, IEnumerable<float[]> vectors)
    {
        foreach (var vector in vectors)
        {
            var image = Some.Image();
            await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, vector);
            await _service.AddExamplesAsync(Some.Example(dataset, image, label));
        }
    }
}
