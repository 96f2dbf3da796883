using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class DatasetsTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _dataset = Some.Name("dataset");

    [Fact]
    public async Task Examples_are_added_changed_or_named_as_missing_their_vector()
    {
        var (known, missing) = (await StoredImageAsync(), Some.Image());

        var first = await _service.AddExamplesAsync(Some.Example(_dataset, known), Some.Example(_dataset, missing));
        var second = await _service.AddExamplesAsync(Some.Example(_dataset, known, label: "dog"), Some.Example(_dataset, await StoredImageAsync()));

        Assert.Equal((1, 0), (first.Added, first.Updated));
        Assert.Equal([Some.Bytes(missing)], first.MissingVectors);
        Assert.Equal((1, 1), (second.Added, second.Updated));
        Assert.Empty(second.MissingVectors);
        var dataset = await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = _dataset });
        Assert.Equal(["cat", "dog"], dataset.Labels);
        Assert.Equal((2, 2, 0), (dataset.Examples, dataset.TrainingExamples, dataset.ValidationExamples));
        Assert.Equal([1, 1], dataset.LabelCounts.Select(count => count.TrainingExamples));
        Assert.Equal(64, dataset.Digest.Length);
    }

    [Fact]
    public async Task A_dataset_is_listed_told_example_by_example_and_deleted()
    {
        var images = new[] { await StoredImageAsync(), await StoredImageAsync(), await StoredImageAsync() };
        await _service.AddExamplesAsync(images.Select(image => Some.Example(_dataset, image, group: "film")));

        Assert.Contains(_dataset, (await _service.Datasets.ListDatasetsAsync(new ListDatasetsRequest())).Datasets.Select(dataset => dataset.Dataset_));
        using var call = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = _dataset });
        var told = await call.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal(images.Order().Select(image => Some.Example(_dataset, image, group: "film")), told);

        Assert.Equal(3, (await _service.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = _dataset })).DeletedExamples);
        await Some.RefusedAsync(
            StatusCode.NotFound, async () => await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = _dataset }), _dataset);
    }

    [Fact]
    public async Task An_unknown_dataset_is_not_found()
    {
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "nowhere" }), "nowhere");
        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = "nowhere" }), "nowhere");
        using var call = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = "nowhere" });
        await Some.RefusedAsync(StatusCode.NotFound, async () => await call.ResponseStream.MoveNext(), "nowhere");
    }

    public static TheoryData<string, string[]> BadExamples => new()
    {
        { "no dataset", ["dataset", "0 characters", "200"] },
        { "long dataset", ["dataset", "201", "200"] },
        { "control character", ["dataset", "control character"] },
        { "short hash", ["image_hash", "5 bytes", "32"] },
        { "no label", ["label", "0 characters", "200"] },
        { "long group", ["group", "65", "64"] },
        { "unknown split", ["split", "7"] },
    };

    [Theory]
    [MemberData(nameof(BadExamples))]
    public async Task A_bad_example_is_refused_with_its_item_and_limit_and_nothing_is_stored(string what, string[] says)
    {
        var good = Some.Example(_dataset, await StoredImageAsync());
        var example = Some.Example(_dataset, await StoredImageAsync());
        switch (what)
        {
            case "no dataset": example.Dataset = ""; break;
            case "long dataset": example.Dataset = new string('d', 201); break;
            case "control character": example.Dataset = "a\nb"; break;
            case "short hash": example.ImageHash = ByteString.CopyFrom(1, 2, 3, 4, 5); break;
            case "no label": example.Label = ""; break;
            case "long group": example.Group = ByteString.CopyFrom(new byte[65]); break;
            default: example.Split = (Split)7; break;
        }

        await Some.RefusedAsync(
            StatusCode.InvalidArgument, () => _service.AddExamplesAsync(good, example), says);

        await Some.RefusedAsync(StatusCode.NotFound, async () => await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = _dataset }));
    }

    [Fact]
    public void The_split_by_hash_validates_a_quarter_and_keeps_a_group_on_one_side()
    {
        var images = Enumerable.Range(0, 20_000).Select(i => ImageHash.Of(BitConverter.GetBytes(i))).ToList();

        Assert.InRange(images.Count(image => HashSplit.Of(image, default) == Split.Validation) / 20_000.0, 0.24, 0.26);
        foreach (var group in Enumerable.Range(0, 50).Select(BitConverter.GetBytes))
        {
            Assert.Single(images.Take(100).Select(image => HashSplit.Of(image, group)).Distinct());
        }

        var sides = Enumerable.Range(0, 20_000).Select(i => HashSplit.Of(images[0], BitConverter.GetBytes(i))).ToList();
        Assert.InRange(sides.Count(side => side == Split.Validation) / 20_000.0, 0.24, 0.26);
    }

    [Fact]
    public async Task A_split_that_is_not_named_is_stored_as_decided_by_hash()
    {
        var image = await StoredImageAsync();
        await _service.AddExamplesAsync(Some.Example(_dataset, image, split: Split.Unspecified));

        using var call = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = _dataset });
        Assert.Equal(HashSplit.Of(image, default), (await call.ResponseStream.ReadAllAsync().SingleAsync()).Split);
    }

    private async Task<ImageHash> StoredImageAsync()
    {
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));
        return image;
    }
}
