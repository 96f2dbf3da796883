using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Classify with nearest training examples, and the datasets that it keeps in memory for that.</summary>
public sealed class EvidenceTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;

    [Fact]
    public async Task The_nearest_training_examples_come_with_the_answer()
    {
        var (dataset, head) = await TrainAsync();
        var request = Some.Request(head, SyntheticVectors.Vector(5, 1));
        request.NearestExamples = 4;

        var response = await _service.Classification.ClassifyAsync(request);

        var training = await ExamplesAsync(dataset);
        Assert.Equal(4, response.Neighbors.Count);
        Assert.Equal(1, response.Neighbors[0].Cosine, 1e-6);
        Assert.All(response.Neighbors, neighbor => Assert.Equal("label 1", neighbor.Label));
        Assert.All(response.Neighbors, neighbor => Assert.Equal((Split.Training, neighbor.Label), training[neighbor.ImageHash]));
        Assert.Equal(response.Neighbors.OrderByDescending(neighbor => neighbor.Cosine), response.Neighbors);
        Assert.Equal((await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = head })).DatasetDigest, response.NeighborsDatasetDigest);

        request.NearestExamples = 0;
        Assert.Empty((await _service.Classification.ClassifyAsync(request)).Neighbors);
    }

    [Fact]
    public async Task An_answer_says_that_the_dataset_changed_since_the_version_was_trained()
    {
        var (dataset, before) = await TrainAsync();
        await AddOneAsync(dataset);
        var after = await TrainOnAsync(dataset);

        // Both are shown the dataset as it is now; only the first was trained on another.
        Assert.True(await ChangedAsync(before));
        Assert.False(await ChangedAsync(after));

        async Task<bool> ChangedAsync(string head)
        {
            var request = Some.Request(head);
            request.NearestExamples = 1;
            var response = await _service.Classification.ClassifyAsync(request);
            Assert.Equal(
                response.NeighborsDatasetChanged,
                response.NeighborsDatasetDigest != (await _service.Heads.GetHeadAsync(new GetHeadRequest { Head = head })).DatasetDigest);
            return response.NeighborsDatasetChanged;
        }
    }

    [Fact]
    public async Task What_cannot_be_shown_is_refused_with_the_reason()
    {
        var imported = (await _service.ImportAsync(Some.Name("head"), Some.Model())).Head_;
        await RefusedAsync(imported, 1, StatusCode.FailedPrecondition, imported, "imported");
        await RefusedAsync(imported, 101, StatusCode.InvalidArgument, "nearest_examples", "101", "100");
        await RefusedAsync(imported, -1, StatusCode.InvalidArgument, "nearest_examples", "-1");

        var (dataset, head) = await TrainAsync();
        await _service.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = dataset });
        await RefusedAsync(head, 1, StatusCode.FailedPrecondition, dataset, "deleted");
    }

    [Fact]
    public async Task A_dataset_is_loaded_once_for_all_who_wait_and_stays_as_it_was_for_the_head_that_was_trained_on_it()
    {
        var dataset = await _service.AddDatasetAsync();
        using var indexes = Indexes(1 << 30, recheckSeconds: 0);
        var loaded = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => indexes.GetAsync(Key(dataset), "", CancellationToken.None)));
        Assert.All(loaded, index => Assert.Same(loaded[0], index));

        await AddOneAsync(dataset);

        Assert.Same(loaded[0], await indexes.GetAsync(Key(dataset), loaded[0].Digest, CancellationToken.None));
        var renewed = await indexes.GetAsync(Key(dataset), "another head's", CancellationToken.None);
        Assert.Equal(loaded[0].Images.Length + 1, renewed.Images.Length);
        Assert.NotEqual(loaded[0].Digest, renewed.Digest);
        Assert.Same(renewed, await indexes.GetAsync(Key(dataset), "another head's", CancellationToken.None));
    }

    [Fact]
    public async Task A_load_that_failed_is_tried_again_and_a_caller_who_left_does_not_end_it()
    {
        using var indexes = Indexes(1 << 30);
        var dataset = Some.Name("dataset");
        Assert.Equal(FailureKind.Precondition, (await Assert.ThrowsAsync<Failure>(() => indexes.GetAsync(Key(dataset), "", CancellationToken.None))).Kind);
        await AddOneAsync(dataset);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => indexes.GetAsync(Key(dataset), "", new CancellationToken(canceled: true)));

        Assert.Single((await indexes.GetAsync(Key(dataset), "", CancellationToken.None)).Images);
    }

    [Fact]
    public async Task What_was_used_least_recently_makes_room_and_what_is_too_large_is_refused()
    {
        var one = ExampleIndex.BytesOf(48, Some.Dimensions);
        using var indexes = Indexes((one * 2) + 1_000);
        var (a, b, c) = (Key(await _service.AddDatasetAsync()), Key(await _service.AddDatasetAsync()), Key(await _service.AddDatasetAsync()));
        var (first, second) = (await Get(a), await Get(b));
        Assert.Same(first, await Get(a));

        await Get(c);

        Assert.Same(first, await Get(a));
        Assert.NotSame(second, await Get(b));
        var failure = await Assert.ThrowsAsync<Failure>(async () => await Get(Key(await _service.AddDatasetAsync(examples: 100))));
        Assert.Contains("Evidence__MemoryLimit", failure.Message);

        Task<ExampleIndex> Get(ExamplesKey key) => indexes.GetAsync(key, "", CancellationToken.None);
    }

    private static ExamplesKey Key(string dataset) => new(dataset, Some.Backbone.Fingerprint, Some.Dimensions);

    private ExampleIndexes Indexes(long memoryLimit, int recheckSeconds = 60) =>
        new(_service.Get<ExampleLoader>(), Options.Create(new EvidenceOptions { MemoryLimit = memoryLimit, RecheckSeconds = recheckSeconds }));

    private async Task AddOneAsync(string dataset)
    {
        var image = Some.Image();
        await _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1_000, 0));
        await _service.AddExamplesAsync(Some.Example(dataset, image, "label 0"));
    }

    private async Task<(string Dataset, string Head)> TrainAsync()
    {
        var dataset = await _service.AddDatasetAsync();
        return (dataset, await TrainOnAsync(dataset));
    }

    private async Task<string> TrainOnAsync(string dataset)
    {
        var head = Some.Name("head");
        var run = await _service.Training.StartRunAsync(new StartRunRequest { Dataset = dataset, Head = head, Recipe = new Recipe { Epochs = 1, NoHiddenLayers = true } });
        Assert.NotNull((await _service.WatchAsync(run.RunId))[^1].Finished);
        return head;
    }

    private async Task<Dictionary<Google.Protobuf.ByteString, (Split, string)>> ExamplesAsync(string dataset)
    {
        using var call = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset });
        return await call.ResponseStream.ReadAllAsync().ToDictionaryAsync(example => example.ImageHash, example => (example.Split, example.Label));
    }

    private Task<RpcException> RefusedAsync(string head, int nearest, StatusCode code, params string[] says)
    {
        var request = Some.Request(head);
        request.NearestExamples = nearest;
        return Some.RefusedAsync(code, async () => await _service.Classification.ClassifyAsync(request), says);
    }
}
