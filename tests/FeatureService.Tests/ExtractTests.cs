using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Topfive.Backbones;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ExtractTests(RunningService service)
{
    [Fact]
    public async Task The_backbone_says_what_it_is_and_what_it_accepts()
    {
        var file = BackboneFile.Read(await TestBackbone.ModelAsync());

        var backbone = await service.Client.GetBackboneAsync(new GetBackboneRequest());

        Assert.Equal("inception_v3", backbone.Name);
        Assert.Equal(file.Fingerprint, backbone.Fingerprint);
        Assert.Equal((2048, 299, 299), (backbone.Dimensions, backbone.InputWidth, backbone.InputHeight));
        Assert.Equal(("fp32", "cpu"), (backbone.Precision, backbone.Device));
        Assert.StartsWith("onnxruntime 1.", backbone.Engine);
        Assert.Equal((32L << 20, 100_000_000L), (backbone.MaxImageBytes, backbone.MaxImagePixels));
    }

    [Fact]
    public async Task A_ready_service_is_serving() =>
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await service.Instance.Health.CheckAsync(new HealthCheckRequest())).Status);

    [Fact]
    public async Task An_image_is_computed_once_and_then_comes_from_the_store()
    {
        var image = Some.NewImage();

        var computed = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) });
        var stored = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) });
        var byHash = await service.Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image) });

        Assert.Equal([Source.Computed, Source.Store, Source.Store], [computed.Source, stored.Source, byHash.Source]);
        Assert.Equal(2048, computed.Vector.Count);
        Assert.Contains(computed.Vector, value => value != 0);
        Assert.Equal(computed.Vector, stored.Vector);
        Assert.Equal(computed.Vector, byHash.Vector);
        Assert.Equal(Some.Hash(image), computed.ImageHash);
        Assert.Equal(64, computed.BackboneFingerprint.Length);
    }

    [Fact]
    public async Task The_timing_says_what_happened_and_nothing_else()
    {
        var image = Some.NewImage();

        var computed = (await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) })).Timing;
        var stored = (await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) })).Timing;

        Assert.True(computed.Inference.ToTimeSpan() > TimeSpan.FromMilliseconds(1));
        Assert.True(computed.Decode.ToTimeSpan() > TimeSpan.Zero);
        Assert.True(computed.Queue.ToTimeSpan() >= TimeSpan.Zero);
        Assert.InRange(computed.BatchSize, 1, 8);
        Assert.True(stored.Store.ToTimeSpan() > TimeSpan.Zero);
        Assert.Equal((null, null, null, 0), (stored.Decode, stored.Queue, stored.Inference, stored.BatchSize));
    }

    [Fact]
    public async Task Fifty_identical_images_at_once_are_computed_once()
    {
        var request = new ExtractRequest { Image = ByteString.CopyFrom(Some.NewImage()) };

        var responses = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Client.ExtractAsync(request).ResponseAsync));

        Assert.Single(responses, response => response.Source == Source.Computed);
        Assert.All(responses, response => Assert.Equal(responses[0].Vector, response.Vector));
        Assert.All(responses.Where(response => response.Source == Source.InFlight), response => Assert.Equal(0, response.Timing.BatchSize));
    }

    [Fact]
    public async Task An_omitted_vector_is_stored_all_the_same()
    {
        var image = Some.NewImage();

        var response = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image), OmitVector = true });

        Assert.Empty(response.Vector);
        Assert.Equal(Source.Computed, response.Source);
        Assert.Equal(2048, (await service.Client.ExtractAsync(new ExtractRequest { ImageHash = Some.Hash(image) })).Vector.Count);
    }

    [Fact]
    public async Task Vectors_are_found_read_and_deleted_by_hash()
    {
        byte[][] images = [Some.NewImage(), Some.NewImage(), Some.NewImage()];
        var first = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(images[0]) });
        var third = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(images[2]) });
        ByteString[] hashes = [.. images.Select(Some.Hash)];

        var missing = await service.Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { hashes } });
        Assert.Equal([hashes[1]], missing.MissingImageHashes);

        using var reading = service.Client.GetVectors(new GetVectorsRequest { ImageHashes = { hashes.Reverse() } });
        var read = await reading.ResponseStream.ReadAllAsync().ToListAsync();
        Assert.Equal([hashes[2], hashes[0]], read.Select(vector => vector.ImageHash));
        Assert.Equal(third.Vector, read[0].Vector);
        Assert.Equal(first.Vector, read[1].Vector);

        Assert.Equal(2, (await service.Client.DeleteVectorsAsync(new DeleteVectorsRequest { ImageHashes = { hashes } })).Deleted);
        Assert.Equal(3, (await service.Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { hashes } })).MissingImageHashes.Count);
        Assert.Equal(Source.Computed, (await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(images[0]) })).Source);
    }
}
