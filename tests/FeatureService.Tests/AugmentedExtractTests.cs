using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>A service of its own, because its decodings are counted.</summary>
public sealed class AugmentingService : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();

    internal ServiceInstance Instance { get; private set; } = null!;

    internal long Decodings => Instance.App.Services.GetRequiredService<ImageDecoder>().Decodings;

    public async ValueTask InitializeAsync() => Instance = await ServiceInstance.StartAsync(new()
    {
        ["Store:DataDirectory"] = _directory.Path,
        // Fewer places than an image has copies.
        ["Batching:BulkCapacity"] = "2",
        ["Batching:MaxBatchSize"] = "2",
    });

    public async ValueTask DisposeAsync()
    {
        await Instance.DisposeAsync();
        _directory.Dispose();
    }
}

public sealed class AugmentedExtractTests(AugmentingService service) : IClassFixture<AugmentingService>
{
    private FeatureExtraction.FeatureExtractionClient Client => service.Instance.Client;

    [Fact]
    public async Task An_image_and_its_copies_are_decoded_once_and_then_come_from_the_store()
    {
        var image = Some.NewImage();
        var request = new ExtractRequest { Image = ByteString.CopyFrom(image), AugmentedCopies = 4 };
        var before = service.Decodings;

        var computed = await Client.ExtractAsync(request);

        Assert.Equal(1, service.Decodings - before);
        Assert.Equal(Source.Computed, computed.Source);
        Assert.Equal(Some.Hash(image), computed.ImageHash);
        Assert.Equal(Enumerable.Range(1, 4).Select(copy => HashOf(image, null, copy)), computed.Copies.Select(copy => copy.ImageHash));
        Assert.All(computed.Copies, copy => Assert.Equal((2048, Source.Computed), (copy.Vector.Count, copy.Source)));
        Assert.Equal(5, computed.Copies.Select(copy => copy.Vector).Append(computed.Vector).Distinct().Count());

        var stored = await Client.ExtractAsync(request);
        var byHash = await Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image), AugmentedCopies = 4 });

        Assert.Equal(1, service.Decodings - before);
        foreach (var again in new[] { stored, byHash })
        {
            Assert.Equal(Source.Store, again.Source);
            Assert.All(again.Copies, copy => Assert.Equal(Source.Store, copy.Source));
            Assert.Equal(computed.Vector, again.Vector);
            Assert.Equal(computed.Copies.Select(copy => copy.Vector), again.Copies.Select(copy => copy.Vector));
        }
    }

    [Fact]
    public async Task A_copy_is_found_under_its_own_hash_like_any_image()
    {
        var image = Some.NewImage();
        var third = new Augmentation { Seed = 5, Copy = 3, HorizontalFlip = true, Zoom = 0.5f };

        var copy = await Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image), Augmentation = third });

        Assert.Equal(HashOf(image, third, 3), copy.ImageHash);
        Assert.Equal(copy.Vector, (await Client.ExtractAsync(new ExtractRequest { ImageHash = copy.ImageHash })).Vector);
        Assert.Equal(copy.Vector, (await Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image), Augmentation = third })).Vector);
        var missing = await Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { Some.Hash(image), copy.ImageHash } });
        Assert.Equal([Some.Hash(image)], missing.MissingImageHashes);

        third.Copy = 0;
        var before = service.Decodings;
        var all = await Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image), Augmentation = third, AugmentedCopies = 3, OmitVector = true });
        Assert.Equal(1, service.Decodings - before);
        Assert.Equal([Source.Computed, Source.Computed, Source.Computed, Source.Store], all.Copies.Select(each => each.Source).Prepend(all.Source));
        Assert.All(all.Copies, each => Assert.Empty(each.Vector));
    }

    [Fact]
    public async Task A_copy_that_is_not_stored_is_not_found_by_the_originals_hash()
    {
        var image = Some.NewImage();
        await Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image), AugmentedCopies = 1 });

        var one = await ServiceInstance.FailureOf(Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image), Augmentation = new Augmentation { Copy = 1 } }));
        var all = await ServiceInstance.FailureOf(Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image), AugmentedCopies = 2 }));

        Assert.Equal([StatusCode.NotFound, StatusCode.NotFound], [one.StatusCode, all.StatusCode]);
        Assert.Contains("no vector of augmented copy 1 of image", one.Detail);
        Assert.Contains("no vector of augmented copy 2 of image", all.Detail);
    }

    [Fact]
    public async Task The_image_itself_is_copy_0_and_a_copy_without_a_transformation_has_its_vector()
    {
        var image = ByteString.CopyFrom(Some.NewImage());

        var plain = await Client.ExtractAsync(new ExtractRequest { Image = image });
        var zero = await Client.ExtractAsync(new ExtractRequest { Image = image, Augmentation = new Augmentation { Seed = 4, Shear = 10 } });
        var untouched = await Client.ExtractAsync(new ExtractRequest { Image = image, Augmentation = new Augmentation { Copy = 1 } });

        Assert.Equal((plain.ImageHash, Source.Store), (zero.ImageHash, zero.Source));
        Assert.Equal(Source.Computed, untouched.Source);
        Assert.Equal(plain.Vector, untouched.Vector);
    }

    [Fact]
    public async Task In_a_stream_every_item_has_its_copies_and_identical_items_compute_none_twice()
    {
        var (first, second) = (Some.NewImage(), Some.NewImage());
        ExtractStreamRequest Item(string id, byte[] image) => new() { Id = id, Image = ByteString.CopyFrom(image), AugmentedCopies = 5 };

        var results = await Client.StreamAsync(
        [
            Item("1", first), Item("2", first), Item("3", second), Item("bad", "no image"u8.ToArray()),
            new() { Id = "one", Image = ByteString.CopyFrom(second), Augmentation = Copy(2) },
        ]);

        Assert.Equal((int)StatusCode.InvalidArgument, results["bad"].Error.Code);
        Assert.Equal(results["1"].Extracted.Copies.Select(copy => copy.Vector), results["2"].Extracted.Copies.Select(copy => copy.Vector));
        Assert.Equal(results["3"].Extracted.Copies[1].Vector, results["one"].Extracted.Vector);
        var computed = new[] { "1", "2", "3" }.SelectMany(id => results[id].Extracted.Copies.Select(copy => copy.Source).Append(results[id].Extracted.Source))
            .Append(results["one"].Extracted.Source).Count(source => source == Source.Computed);
        Assert.Equal(12, computed);

        static Augmentation Copy(int copy)
        {
            var augmentation = AugmentedCopy.DefaultAugmentation.Clone();
            augmentation.Copy = copy;
            return augmentation;
        }
    }

    public static TheoryData<string, ExtractRequest> Refused => new()
    {
        { "augmentation.copy is -1; it must be at least 0", new() { Augmentation = new Augmentation { Copy = -1 } } },
        { "augmentation.shear is 90; it must be at least 0 and below 90", new() { Augmentation = new Augmentation { Shear = 90 } } },
        { "augmentation.shear is -1; it must be at least 0", new() { Augmentation = new Augmentation { Copy = 1, Shear = -1 } } },
        { "augmentation.shear is NaN;", new() { Augmentation = new Augmentation { Shear = float.NaN } } },
        { "augmentation.zoom is 1; it must be at least 0 and below 1", new() { Augmentation = new Augmentation { Zoom = 1 } } },
        { "augmentation.zoom is NaN;", new() { Augmentation = new Augmentation { Zoom = float.NaN } } },
        { "augmentation.width_shift is 1.5; it must be at least 0 and below 1", new() { Augmentation = new Augmentation { WidthShift = 1.5f } } },
        { "augmentation.height_shift is -0.1; it must be at least 0 and below 1", new() { Augmentation = new Augmentation { HeightShift = -0.1f } } },
        { "augmented_copies is -1; it must be 0 to 100", new() { AugmentedCopies = -1 } },
        { "augmented_copies is 101; it must be 0 to 100", new() { AugmentedCopies = 101 } },
        { "augmentation.copy is 2 and augmented_copies 3: leave one of them 0", new() { AugmentedCopies = 3, Augmentation = new Augmentation { Copy = 2 } } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public async Task What_can_never_work_is_refused_with_its_field_and_limit(string says, ExtractRequest request)
    {
        request.Image = ByteString.CopyFrom(Some.NewImage());
        var before = service.Decodings;

        var refusal = await ServiceInstance.FailureOf(Client.ExtractAsync(request));

        Assert.Equal(StatusCode.InvalidArgument, refusal.StatusCode);
        Assert.Contains(says, refusal.Detail);
        Assert.Equal(before, service.Decodings);
    }

    private static ByteString HashOf(byte[] image, Augmentation? augmentation, int copy) =>
        ByteString.CopyFrom(AugmentedCopy.Hash(ImageHash.Of(image), augmentation, copy).ToByteArray());
}
