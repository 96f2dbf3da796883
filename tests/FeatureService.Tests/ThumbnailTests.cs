using Google.Protobuf;
using Grpc.Core;
using SkiaSharp;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>The small pictures, on a backbone that costs nothing.</summary>
public sealed class ThumbnailTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private ServiceInstance _service = null!;

    public async ValueTask InitializeAsync() => _service = await StartAsync("auto");

    public async ValueTask DisposeAsync()
    {
        await _service.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(400, 100, 96, 24)]
    [InlineData(30, 40, 72, 96)]
    [InlineData(5000, 2, 96, 1)]
    public async Task An_image_whose_vector_is_computed_has_a_picture_of_its_proportions(int width, int height, int expectedWidth, int expectedHeight)
    {
        var image = Painted(width, height, new SKColor(200, 40, 90));

        var thumbnail = Assert.Single(await ThumbnailsAsync(await ExtractAsync(image)));

        using var picture = SKBitmap.Decode(thumbnail.Webp.Span);
        Assert.Equal((expectedWidth, expectedHeight), (picture.Width, picture.Height));
        var pixel = picture.GetPixel(expectedWidth / 2, expectedHeight / 2);
        Assert.All(new[] { pixel.Red - 200, pixel.Green - 40, pixel.Blue - 90 }, difference => Assert.InRange(difference, -12, 12));
        Assert.InRange(thumbnail.Webp.Length, 1, 4_000);
    }

    [Fact]
    public async Task It_is_upright_and_over_white_and_there_is_none_of_augmented_copies()
    {
        // Stored standing, shown lying.
        var turned = await File.ReadAllBytesAsync(Path.Combine(Repository.Root, "tests", "FeatureService.Tests", "Images", "orientation-6.jpg"), TestContext.Current.CancellationToken);
        using var codec = SKCodec.Create(new MemoryStream(turned));
        Assert.True(codec.Info.Width < codec.Info.Height);
        using var upright = SKBitmap.Decode(Assert.Single(await ThumbnailsAsync(await ExtractAsync(turned))).Webp.Span);
        Assert.Equal((96, 48), (upright.Width, upright.Height));

        using var clear = SKBitmap.Decode(Assert.Single(await ThumbnailsAsync(await ExtractAsync(Painted(50, 50, SKColors.Red.WithAlpha(0))))).Webp.Span);
        Assert.InRange(clear.GetPixel(48, 48).Green, 250, 255);

        var copied = await _service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Painted(50, 40, SKColors.Teal)), AugmentedCopies = 2, OmitVector = true });
        Assert.Equal([copied.ImageHash], (await ThumbnailsAsync([copied.ImageHash, .. copied.Copies.Select(copy => copy.ImageHash)])).Select(thumbnail => thumbnail.ImageHash));
    }

    [Fact]
    public async Task It_goes_with_the_vector_and_those_that_are_not_there_are_skipped()
    {
        var (first, second) = (await ExtractAsync(Painted(60, 60, SKColors.Olive)), await ExtractAsync(Painted(61, 60, SKColors.Olive)));
        Assert.Equal([second, first], (await ThumbnailsAsync(second, Some.Hash([1]), first)).Select(thumbnail => thumbnail.ImageHash));

        await _service.Client.DeleteVectorsAsync(new DeleteVectorsRequest { ImageHashes = { first } });

        Assert.Equal([second], (await ThumbnailsAsync(first, second)).Select(thumbnail => thumbnail.ImageHash));
        var refusal = await Assert.ThrowsAsync<RpcException>(() => ThumbnailsAsync([.. Enumerable.Repeat(first, 501)]));
        Assert.Equal("image_hashes has 501 entries; at most 500 are accepted", refusal.Status.Detail);
    }

    [Fact]
    public async Task None_is_kept_where_the_setting_says_so()
    {
        await using var without = await StartAsync("off");
        var extracted = await without.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(Painted(62, 60, SKColors.Olive)) });
        Assert.Empty((await without.Client.GetThumbnailsAsync(new GetThumbnailsRequest { ImageHashes = { extracted.ImageHash } })).Thumbnails);
    }

    private async Task<ServiceInstance> StartAsync(string thumbnails) => await ServiceInstance.StartAsync(new()
    {
        ["Backbone:Model"] = SmallBackbone.Write(_directory.File($"{thumbnails}.onnx")),
        ["Store:DataDirectory"] = _directory.File($"store-{thumbnails}"),
        ["Store:Thumbnails"] = thumbnails,
    });

    private async Task<ByteString> ExtractAsync(byte[] image) => (await _service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(image) })).ImageHash;

    private async Task<IReadOnlyList<Thumbnail>> ThumbnailsAsync(params ByteString[] images) =>
        (await _service.Client.GetThumbnailsAsync(new GetThumbnailsRequest { ImageHashes = { images } })).Thumbnails;

    private static byte[] Painted(int width, int height, SKColor color)
    {
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        bitmap.Erase(color);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }
}
