using Xunit;

namespace Topfive.FeatureStore.Tests;

public sealed class VectorStoreInEmbeddedTests(EmbeddedUnderTest store) : VectorStoreTests(store), IClassFixture<EmbeddedUnderTest>;

public sealed class VectorStoreInRedisTests(RedisUnderTest store) : VectorStoreTests(store), IClassFixture<RedisUnderTest>;

[Collection(typeof(SharedCluster))]
public sealed class VectorStoreInClusterTests(ClusterUnderTest store) : VectorStoreTests(store)
{
    private readonly StoreUnderTest _store = store;

    [Fact]
    public async Task The_vectors_of_one_backbone_spread_evenly_over_the_masters()
    {
        const int vectors = 3_000;
        var before = await KeysByMasterAsync();
        var store = new VectorStore(_store.Connection);
        await Task.WhenAll(Enumerable.Range(0, vectors).Select(i => store.SetAsync("spread", Some.Image(i), Some.Vector(i, 4))));

        var shares = (await KeysByMasterAsync()).Zip(before, (now, then) => now - then);

        // 1,000 each, give or take chance: the standard deviation is 26.
        Assert.All(shares, share => Assert.InRange(share, 850, 1_150));
    }

    private Task<long[]> KeysByMasterAsync() =>
        Task.WhenAll(_store.Connection.Multiplexer.GetServers().Select(server => server.DatabaseSizeAsync()));
}

public abstract class VectorStoreTests(StoreUnderTest store)
{
    private readonly string _fingerprint = Guid.NewGuid().ToString("N") + Guid.NewGuid().ToString("N");

    private VectorStore Vectors => new(store.Connection);

    [Fact]
    public async Task A_vector_comes_back_bit_for_bit()
    {
        var vector = Some.Vector(1);
        vector[0] = float.NaN;
        vector[1] = -0f;
        vector[2] = float.Epsilon;

        await Vectors.SetAsync(_fingerprint, Some.Image(1), vector);

        using var stored = await Vectors.GetAsync(_fingerprint, Some.Image(1));
        Assert.Equal(Some.Bits(vector), Some.Bits(stored!.Values));
    }

    [Fact]
    public async Task Half_precision_takes_half_the_bytes_and_is_read_beside_full_precision_by_everyone()
    {
        await using var half = await OpenHalfAsync();
        var packing = new VectorStore(half);
        await Vectors.SetAsync(_fingerprint, Some.Image(1), Some.Vector(1));
        await packing.SetAsync(_fingerprint, Some.Image(2), Some.Vector(2));

        Assert.Equal(8_192, await store.Connection.Database.StringLengthAsync(Keys.Vector(_fingerprint, Some.Image(1))));
        Assert.Equal(4_097, await store.Connection.Database.StringLengthAsync(Keys.Vector(_fingerprint, Some.Image(2))));
        foreach (var reader in (VectorStore[])[Vectors, packing])
        {
            var matrix = new float[2 * 2048];
            Assert.Empty(await reader.ReadRowsAsync(_fingerprint, [Some.Image(1), Some.Image(2)], matrix, 2048));
            Assert.Equal(Some.Bits(Some.Vector(1)), Some.Bits(matrix.AsSpan(0, 2048)));
            Assert.Equal(Some.Bits([.. Some.Vector(2).Select(number => (float)(Half)number)]), Some.Bits(matrix.AsSpan(2048)));
        }
    }

    [Fact]
    public async Task Half_precision_rounds_by_no_more_than_it_says()
    {
        await using var half = await OpenHalfAsync();
        float[] vector = [0f, -0f, 6.2e-5f, 1e-6f, 1e-9f, 1f / 3, 17.77f, 65_504f, .. Some.Vector(3)];

        await new VectorStore(half).SetAsync(_fingerprint, Some.Image(1), vector);

        using var stored = await Vectors.GetAsync(_fingerprint, Some.Image(1));
        Assert.Equal(vector.Length, stored!.Values.Length);
        for (var i = 0; i < vector.Length; i++)
        {
            var error = Math.Abs(stored.Values[i] - vector[i]);
            Assert.True(error <= Math.Max(Math.Abs(vector[i]) / 2048, 1f / (1 << 25)), $"{vector[i]} became {stored.Values[i]}");
        }
    }

    [Theory]
    [InlineData(65_505f)]
    [InlineData(-1e9f)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public async Task A_number_that_half_precision_has_not_keeps_its_vector_in_full(float number)
    {
        await using var half = await OpenHalfAsync();
        var vector = Some.Vector(1);
        vector[5] = number;

        await new VectorStore(half).SetAsync(_fingerprint, Some.Image(1), vector);

        using var stored = await Vectors.GetAsync(_fingerprint, Some.Image(1));
        Assert.Equal(Some.Bits(vector), Some.Bits(stored!.Values));
    }

    [Fact]
    public async Task A_part_of_a_larger_buffer_is_stored_as_that_part()
    {
        var batch = Some.Vector(7, 3 * 2048);

        await Vectors.SetAsync(_fingerprint, Some.Image(1), batch.AsMemory(2048, 2048));

        using var stored = await Vectors.GetAsync(_fingerprint, Some.Image(1));
        Assert.Equal(Some.Bits(batch.AsSpan(2048, 2048)), Some.Bits(stored!.Values));
    }

    [Fact]
    public async Task The_value_is_the_little_endian_floats_and_nothing_else()
    {
        await Vectors.SetAsync(_fingerprint, Some.Image(1), new float[] { 1, -2 });

        var bytes = (byte[]?)await store.Connection.Database.StringGetAsync($"topfive:vector:{_fingerprint}:{Some.Image(1)}");

        Assert.Equal([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], bytes);
    }

    [Fact]
    public async Task A_vector_of_one_backbone_never_answers_for_another()
    {
        await Vectors.SetAsync(_fingerprint, Some.Image(1), Some.Vector(1));

        Assert.Null(await Vectors.GetAsync(_fingerprint[..^1] + "x", Some.Image(1)));
        Assert.Null(await Vectors.GetAsync(_fingerprint, Some.Image(2)));
    }

    [Fact]
    public async Task Missing_images_are_found_in_their_order()
    {
        ImageHash[] images = [.. Enumerable.Range(0, 1_000).Select(Some.Image)];
        await Task.WhenAll(Enumerable.Range(0, 1_000).Where(i => i % 3 != 0).Select(i => Vectors.SetAsync(_fingerprint, Some.Image(i), Some.Vector(i, 4))));

        var missing = await Vectors.FindMissingAsync(_fingerprint, images);

        Assert.Equal(images.Where((_, i) => i % 3 == 0), missing);
    }

    [Fact]
    public async Task Many_are_read_in_the_order_asked_and_the_missing_are_passed_over()
    {
        await Task.WhenAll(Enumerable.Range(0, 600).Select(i => Vectors.SetAsync(_fingerprint, Some.Image(i), Some.Vector(i))));

        var read = 0;
        await foreach (var (image, vector) in Vectors.GetManyAsync(_fingerprint, Enumerable.Range(0, 700).Reverse().Select(Some.Image)))
        {
            using (vector)
            {
                var i = 599 - read++;
                Assert.Equal(Some.Image(i), image);
                Assert.Equal(Some.Bits(Some.Vector(i)), Some.Bits(vector.Values));
            }
        }

        Assert.Equal(600, read);
    }

    [Fact]
    public async Task A_training_matrix_is_filled_row_by_row_and_says_which_rows_are_missing()
    {
        await Task.WhenAll(Enumerable.Range(0, 300).Where(i => i is not (5 or 299)).Select(i => Vectors.SetAsync(_fingerprint, Some.Image(i), Some.Vector(i))));
        var matrix = new float[300 * 2048];
        Array.Fill(matrix, 42f);

        var missing = await Vectors.ReadRowsAsync(_fingerprint, [.. Enumerable.Range(0, 300).Select(Some.Image)], matrix, 2048);

        Assert.Equal([5, 299], missing);
        Assert.All(Enumerable.Range(0, 300).Except(missing), i => Assert.Equal(Some.Bits(Some.Vector(i)), Some.Bits(matrix.AsSpan(i * 2048, 2048))));
        Assert.All(missing, i => Assert.Equal(42f, matrix[i * 2048]));
    }

    [Fact]
    public async Task A_vector_of_another_length_stops_the_training_matrix_with_its_image()
    {
        await Vectors.SetAsync(_fingerprint, Some.Image(1), Some.Vector(1, 16));

        var exception = await Assert.ThrowsAsync<InvalidDataException>(
            () => Vectors.ReadRowsAsync(_fingerprint, [Some.Image(1)], new float[2048], 2048));

        Assert.Contains(Some.Image(1).ToString(), exception.Message);
        Assert.Contains("16 numbers, not 2048", exception.Message);
    }

    [Fact]
    public async Task Deleting_counts_what_was_there()
    {
        await Vectors.SetAsync(_fingerprint, Some.Image(1), Some.Vector(1));
        await Vectors.SetAsync(_fingerprint, Some.Image(2), Some.Vector(2));

        Assert.Equal(1, await Vectors.DeleteAsync(_fingerprint, [Some.Image(1), Some.Image(3)]));

        Assert.Null(await Vectors.GetAsync(_fingerprint, Some.Image(1)));
        using var kept = await Vectors.GetAsync(_fingerprint, Some.Image(2));
        Assert.NotNull(kept);
    }

    [Fact]
    public async Task The_registry_tells_the_backbone_announced_last()
    {
        var registry = new BackboneRegistry(store.Connection);

        await registry.AnnounceAsync(new BackboneRecord("aa", "small", 16));
        await registry.AnnounceAsync(new BackboneRecord(_fingerprint, "inception_v3", 2048));

        Assert.Equal(new BackboneRecord(_fingerprint, "inception_v3", 2048), await registry.CurrentAsync());
    }

    private Task<StoreConnection> OpenHalfAsync() =>
        StoreUnderTest.OpenAsync(store.Connection.Multiplexer.Configuration.Split(',')[0], vectorFormat: "fp16");
}
