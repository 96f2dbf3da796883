using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class BadInputTests(RunningService service)
{
    [Fact]
    public Task Empty_bytes() => RefusedAsync([], "the image is empty (0 bytes)");

    [Fact]
    public Task Text() => RefusedAsync(Encoding.UTF8.GetBytes("hello " + Guid.NewGuid()), "it is text");

    [Fact]
    public async Task A_truncated_jpeg() => await RefusedAsync((await TestPhotos.AllAsync())[0].ReadBytes()[..50_000], "cut short: a JPEG");

    [Fact]
    public Task A_bomb() => RefusedAsync(ImageDecoderTests.Png(30_000, 30_000), "900,000,000 pixels; at most 100,000,000");

    [Fact]
    public Task An_image_above_the_limit_of_bytes() => RefusedAsync(new byte[(32 << 20) + 1], "33,554,433 bytes; at most 33,554,432");

    [Fact]
    public async Task A_valid_image_with_broken_exif_is_no_bad_input()
    {
        var response = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Decoding.Image("exif-garbage.jpg")) });

        Assert.Equal(2048, response.Vector.Count);
    }

    [Fact]
    public async Task Neither_image_nor_hash()
    {
        var status = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest()));

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains("neither image nor image_hash", status.Detail);
    }

    [Fact]
    public async Task An_unknown_hash()
    {
        var hash = Some.Hash(Some.NewImage());

        var status = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest { ImageHash = hash }));

        Assert.Equal(StatusCode.NotFound, status.StatusCode);
        Assert.Contains(Convert.ToHexStringLower(hash.Span), status.Detail);
    }

    [Fact]
    public async Task Hashes_of_the_wrong_length()
    {
        var good = Some.Hash(Some.NewImage());
        var bad = ByteString.CopyFrom(1, 2, 3);

        var status = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest { ImageHash = bad }));
        Assert.Equal((StatusCode.InvalidArgument, "image_hash has 3 bytes; a SHA-256 has 32"), (status.StatusCode, status.Detail));

        status = await ServiceInstance.FailureOf(service.Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { good, bad } }));
        Assert.Equal((StatusCode.InvalidArgument, "image_hashes[1] has 3 bytes; a SHA-256 has 32"), (status.StatusCode, status.Detail));
    }

    [Fact]
    public async Task More_hashes_than_accepted()
    {
        var request = new FindMissingRequest();
        request.ImageHashes.AddRange(Enumerable.Repeat(Some.Hash([1]), 100_001));

        var status = await ServiceInstance.FailureOf(service.Client.FindMissingAsync(request));

        Assert.Equal((StatusCode.InvalidArgument, "image_hashes has 100,001 entries; at most 100,000 are accepted (Limits__MaxHashes)"), (status.StatusCode, status.Detail));
    }

    private async Task RefusedAsync(byte[] image, string message)
    {
        var status = await ServiceInstance.FailureOf(service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) }));

        Assert.Equal(StatusCode.InvalidArgument, status.StatusCode);
        Assert.Contains(message, status.Detail);
        Assert.Single((await service.Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { Some.Hash(image) } })).MissingImageHashes);
        Assert.Equal(2048, (await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Some.NewImage()) })).Vector.Count);
    }
}
