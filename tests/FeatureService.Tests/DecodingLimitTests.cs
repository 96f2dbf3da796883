using System.Text;
using Microsoft.Extensions.Options;
using SkiaSharp;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class DecodingLimitTests
{
    [Fact]
    public async Task Images_that_are_decoded_at_the_same_time_wait_for_each_others_memory()
    {
        // 12 bytes a pixel: two have room, and there are six.
        const long room = 2 * 12 * 1000 * 1000;
        using var decoder = Decoder(new LimitOptions { MaxDecodingBytes = room });
        var image = LargeImages.Waves(1000, 1000, SKEncodedImageFormat.Png);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => DecodeAsync(decoder, image, CancellationToken.None))));

        Assert.InRange(decoder.Memory.Peak, 12_000_000, room);
    }

    [Fact]
    public void An_image_that_alone_takes_more_than_the_memory_is_refused_with_the_limit()
    {
        var image = LargeImages.Waves(1000, 1000, SKEncodedImageFormat.Png);

        Assert.Equal(
            "the image is 1,000 × 1,000 pixels and may take 12,000,000 bytes to decode; at most 11,999,999 may be taken (Limits__MaxDecodingBytes)",
            Decoding.Refusal(image, new LimitOptions { MaxDecodingBytes = 11_999_999 }));
        Decoding.Decode(image, new LimitOptions { MaxDecodingBytes = 12_000_000 });
    }

    [Fact]
    public async Task Who_gives_up_waiting_for_memory_leaves_its_place_to_the_next()
    {
        var memory = new DecodingMemory(100);
        await memory.TakeAsync(60, CancellationToken.None);
        using var givesUp = new CancellationTokenSource();
        var large = memory.TakeAsync(90, givesUp.Token).AsTask();
        var small = memory.TakeAsync(40, CancellationToken.None).AsTask();

        Assert.False(small.IsCompleted);
        await givesUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => large);
        await small.WaitAsync(TimeSpan.FromSeconds(20));
        memory.Return(60);
        memory.Return(40);
        await memory.TakeAsync(100, CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(100, memory.Peak);
    }

    [Fact]
    public void A_progressive_jpeg_of_more_scans_than_allowed_is_refused_before_it_is_painted()
    {
        var image = Decoding.Image("large-progressive.jpg");
        var lastScan = image.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xff, 0xda]);
        byte[] bomb = [.. image[..lastScan], .. Enumerable.Repeat(image[lastScan..^2], 1_000).SelectMany(scan => scan), .. image[^2..]];

        Assert.Matches("^the image is a JPEG of 1,0[01][0-9] scans; at most 100 are accepted \\(Limits__MaxJpegScans\\)$", Decoding.Refusal(bomb));
    }

    [Theory]
    [InlineData("rgb.jpg", 1, false, false)]
    [InlineData("progressive.jpg", 10, true, false)]
    [InlineData("cmyk.jpg", 1, false, false)]
    public void Scans_are_counted_and_what_they_keep_is_known(string name, int count, bool keeps, bool endsEarly) =>
        Assert.Equal(new JpegScans(count, keeps, endsEarly), JpegScans.Of(Decoding.Image(name)));

    [Fact]
    public void Text_that_begins_like_a_jpeg_has_no_scans() =>
        Assert.Equal(new JpegScans(0, false, false), JpegScans.Of(Encoding.Latin1.GetBytes("\u00ff\u00d8\u00ff")));

    private static ImageDecoder Decoder(LimitOptions limits) => new(Options.Create(limits), Options.Create(new DecodingOptions()));

    private static Task<TimeSpan> DecodeAsync(ImageDecoder decoder, byte[] image, CancellationToken cancellation) =>
        decoder.DecodeAsync(image, new float[Decoding.Size * Decoding.Size * 3], Decoding.Size, Decoding.Size, Urgency.Interactive, cancellation);
}
