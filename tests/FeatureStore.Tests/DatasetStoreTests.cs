using Topfive.Classifier.V1;
using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class DatasetStoreInEmbeddedTests(EmbeddedUnderTest store) : DatasetStoreTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class DatasetStoreInRedisTests(RedisUnderTest store) : DatasetStoreTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class DatasetStoreInClusterTests(ClusterUnderTest store) : DatasetStoreTests(store);

public abstract class DatasetStoreTests(StoreUnderTest store)
{
    private readonly string _dataset = Some.Name();

    private DatasetStore Datasets => new(store.Connection);

    [Fact]
    public async Task A_dataset_comes_back_in_the_order_of_its_hashes_with_ordinal_labels()
    {
        string[] labels = ["bee", "Ant", "ant", "Éclair"];
        Example[] examples = [.. Enumerable.Range(0, 3_000).Select(i => Some.Example(i, labels[i % 4], i % 5 == 0 ? Split.Validation : Split.Training, $"g{i / 7}"))];

        Assert.Equal((3_000, 0), await Datasets.AddAsync(_dataset, examples));

        var snapshot = await Datasets.ReadAsync(_dataset);
        Assert.Equal(["Ant", "ant", "bee", "Éclair"], snapshot!.Labels);
        foreach (var example in examples)
        {
            example.Dataset = _dataset;
        }

        Assert.Equal(examples.OrderBy(example => Convert.ToHexString(example.ImageHash.Span), StringComparer.Ordinal), snapshot.Examples);
    }

    [Fact]
    public async Task Adding_counts_what_is_new_and_what_changed_and_passes_over_the_rest()
    {
        await Datasets.AddAsync(_dataset, [Some.Example(1), Some.Example(2), Some.Example(3), Some.Example(4)]);

        var counts = await Datasets.AddAsync(_dataset,
        [
            Some.Example(1), Some.Example(2, label: "dog"), Some.Example(3, split: Split.Validation), Some.Example(4, group: "film"), Some.Example(5),
        ]);

        Assert.Equal((1, 3), counts);
        Assert.Equal("dog", (await Datasets.ReadAsync(_dataset))!.Examples.Single(example => example.ImageHash == Some.Example(2).ImageHash).Label);
    }

    [Fact]
    public async Task Of_two_examples_with_one_hash_the_later_counts()
    {
        Assert.Equal((1, 0), await Datasets.AddAsync(_dataset, [Some.Example(1, "cat"), Some.Example(1, "dog")]));

        Assert.Equal(["dog"], (await Datasets.ReadAsync(_dataset))!.Labels);
    }

    [Fact]
    public async Task The_digest_depends_on_the_examples_alone()
    {
        var other = Some.Name();
        await Datasets.AddAsync(_dataset, [Some.Example(1), Some.Example(2)]);
        await Datasets.AddAsync(other, [Some.Example(2)]);
        await Datasets.AddAsync(other, [Some.Example(1)]);

        Assert.Equal((await Datasets.ReadAsync(_dataset))!.Digest, (await Datasets.ReadAsync(other))!.Digest);
    }

    [Theory]
    [InlineData("dog", Split.Training, "")]
    [InlineData("cat", Split.Validation, "")]
    [InlineData("cat", Split.Training, "film")]
    public async Task The_digest_changes_with_every_field(string label, Split split, string group)
    {
        await Datasets.AddAsync(_dataset, [Some.Example(1)]);
        var before = (await Datasets.ReadAsync(_dataset))!.Digest;

        await Datasets.AddAsync(_dataset, [Some.Example(1, label, split, group)]);

        Assert.NotEqual(before, (await Datasets.ReadAsync(_dataset))!.Digest);
    }

    [Fact]
    public async Task An_unknown_dataset_is_null_and_a_deleted_one_is_unknown()
    {
        Assert.Null(await Datasets.ReadAsync(_dataset));
        Assert.Null(await Datasets.DeleteAsync(_dataset));
        await Datasets.AddAsync(_dataset, [.. Enumerable.Range(0, 50).Select(i => Some.Example(i))]);
        Assert.Contains(_dataset, await Datasets.ListAsync());

        Assert.Equal(50, await Datasets.DeleteAsync(_dataset));

        Assert.Null(await Datasets.ReadAsync(_dataset));
        Assert.DoesNotContain(_dataset, await Datasets.ListAsync());
    }

    [Fact]
    public async Task Any_name_is_a_dataset_of_its_own()
    {
        string[] names = [$"{_dataset}:1", $"{_dataset} {{a}}", $"{_dataset}}}{{", $"{_dataset}é", $"{_dataset}%3A1"];
        for (var i = 0; i < names.Length; i++)
        {
            await Datasets.AddAsync(names[i], [Some.Example(i)]);
        }

        for (var i = 0; i < names.Length; i++)
        {
            var snapshot = await Datasets.ReadAsync(names[i]);
            Assert.Equal(Some.Example(i).ImageHash, Assert.Single(snapshot!.Examples).ImageHash);
            Assert.Contains(names[i], await Datasets.ListAsync());
        }
    }
}
