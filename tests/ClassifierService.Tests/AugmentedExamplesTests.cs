using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

public sealed class AugmentedExamplesTests(EmbeddedService embedded)
{
    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly string _dataset = Some.Name("dataset");

    [Fact]
    public async Task An_image_brings_its_copies_with_its_label_its_side_and_its_group()
    {
        var (alone, grouped) = (await StoredAsync(3), await StoredAsync(2));

        var response = await _service.AddExamplesAsync(WithCopies(alone, 3), WithCopies(grouped, 2, group: "film"));

        Assert.Equal((7, 0), (response.Added, response.Updated));
        var examples = await ExamplesAsync();
        foreach (var (image, copies, group) in new[] { (alone, 3, Some.Bytes(alone)), (grouped, 2, ByteString.CopyFromUtf8("film")) })
        {
            var expected = Enumerable.Range(1, copies).Select(copy => new Example
            {
                Dataset = _dataset,
                ImageHash = Some.Bytes(AugmentedCopy.Hash(image, null, copy)),
                Label = "cat",
                Split = Split.Training,
                Group = group,
                OriginalImageHash = Some.Bytes(image),
                Copy = copy,
            });
            Assert.Equal(expected, examples.Where(example => example.OriginalImageHash == Some.Bytes(image)).OrderBy(example => example.Copy));
        }

        var dataset = await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = _dataset });
        Assert.Equal((7, 7, 5), (dataset.Examples, dataset.TrainingExamples, dataset.AugmentedCopies));
    }

    [Fact]
    public async Task An_image_that_validates_has_no_copies_whether_told_so_or_by_hash()
    {
        var told = await StoredAsync(2);
        ImageHash byHash;
        while (HashSplit.Of(byHash = Some.Image(), default) != Split.Validation)
        {
        }

        await StoreAsync(byHash);

        var response = await _service.AddExamplesAsync(WithCopies(told, 2, Split.Validation), WithCopies(byHash, 2, Split.Unspecified));

        Assert.Equal(2, response.Added);
        Assert.All(await ExamplesAsync(), example => Assert.Equal((Split.Validation, 0, 0), (example.Split, example.Copy, example.AugmentedCopies)));
    }

    [Fact]
    public async Task Copies_go_where_their_original_says_and_leave_when_it_moves_to_the_other_side()
    {
        var (image, other) = (await StoredAsync(3), await StoredAsync(3));
        var seeded = new Augmentation(AugmentedCopy.DefaultAugmentation) { Seed = 8 };
        await StoreAsync(AugmentedCopy.Hash(image, seeded, 1));
        await _service.AddExamplesAsync(WithCopies(image, 3), WithCopies(other, 3));

        await _service.AddExamplesAsync(WithCopies(image, 2, label: "dog"));
        Assert.Equal([("dog", 1), ("dog", 2)], await CopiesAsync());

        var reseeded = WithCopies(image, 1);
        reseeded.Augmentation = seeded;
        await _service.AddExamplesAsync(reseeded);
        Assert.Equal([("cat", 1)], await CopiesAsync());
        Assert.Contains(await ExamplesAsync(), example => example.ImageHash == Some.Bytes(AugmentedCopy.Hash(image, seeded, 1)));

        await _service.AddExamplesAsync(WithCopies(image, 3, Split.Validation));
        Assert.Empty(await CopiesAsync());
        Assert.Equal(3, (await ExamplesAsync()).Count(example => example.OriginalImageHash == Some.Bytes(other)));

        async Task<IEnumerable<(string, int)>> CopiesAsync() => (await ExamplesAsync())
            .Where(example => example.OriginalImageHash == Some.Bytes(image)).Select(example => (example.Label, example.Copy)).Order();
    }

    [Fact]
    public async Task An_image_one_of_whose_copies_has_no_vector_is_not_added()
    {
        var (complete, lacking) = (await StoredAsync(2), await StoredAsync(1));

        var response = await _service.AddExamplesAsync(WithCopies(lacking, 2), WithCopies(complete, 2));

        Assert.Equal([Some.Bytes(lacking)], response.MissingVectors);
        Assert.Equal(3, response.Added);
        Assert.DoesNotContain(await ExamplesAsync(), example => example.ImageHash == Some.Bytes(lacking) || example.OriginalImageHash == Some.Bytes(lacking));
    }

    [Fact]
    public async Task What_one_dataset_lists_another_one_takes()
    {
        var image = await StoredAsync(3);
        await _service.AddExamplesAsync(WithCopies(image, 3));
        var other = Some.Name("dataset");

        var response = await _service.AddExamplesAsync((await ExamplesAsync()).Select(example => new Example(example) { Dataset = other }));

        Assert.Equal(4, response.Added);
        Assert.Equal(
            (await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = _dataset })).Digest,
            (await _service.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = other })).Digest);
    }

    [Fact]
    public async Task Too_many_copies_and_a_wrong_range_are_refused()
    {
        var image = await StoredAsync(0);
        var wide = WithCopies(image, 1);
        wide.Augmentation = new Augmentation { Zoom = 1 };

        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.AddExamplesAsync(WithCopies(image, 101)), "augmented_copies is 101", "100");
        await Some.RefusedAsync(StatusCode.InvalidArgument, () => _service.AddExamplesAsync(wide), "augmentation.zoom is 1", "below 1");
    }

    private Example WithCopies(ImageHash image, int copies, Split split = Split.Training, string group = "", string label = "cat")
    {
        var example = Some.Example(_dataset, image, label, split, group);
        example.AugmentedCopies = copies;
        return example;
    }

    private async Task<List<Example>> ExamplesAsync()
    {
        using var call = _service.Datasets.ListExamples(new ListExamplesRequest { Dataset = _dataset });
        return await call.ResponseStream.ReadAllAsync().ToListAsync();
    }

    /// <summary>A new image whose vector, and those of so many copies, are stored.</summary>
    private async Task<ImageHash> StoredAsync(int copies)
    {
        var image = Some.Image();
        for (var copy = 0; copy <= copies; copy++)
        {
            await StoreAsync(AugmentedCopy.Hash(image, null, copy));
        }

        return image;
    }

    private Task StoreAsync(ImageHash image) =>
        _service.Get<VectorStore>().SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(1, 0));
}
