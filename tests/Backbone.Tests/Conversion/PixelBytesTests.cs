using System.Runtime.InteropServices;
using Xunit;

namespace Topfive.Backbones.Tests;

public class PixelBytesTests
{
    [Fact]
    public void Pixels_become_the_nearest_bytes_and_halves_go_up_wherever_they_stand()
    {
        float[] pixels = [.. Enumerable.Range(0, 1021).Select(i => i / 4f), 255];
        var bytes = new byte[pixels.Length];

        PixelBytes.Round(pixels, bytes);

        Assert.Equal(pixels.Select(pixel => (byte)Math.Floor(pixel + 0.5)), bytes);
        Assert.Equal((0, 1, 255), (bytes[1], bytes[2], bytes[^1]));
    }

    [Theory]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    public void The_bytes_may_lie_where_the_pixels_were(int count)
    {
        var random = new Random(count);
        float[] pixels = [.. Enumerable.Range(0, count).Select(_ => 255 * random.NextSingle())];
        var bytes = new byte[count];
        PixelBytes.Round(pixels, bytes);

        var place = MemoryMarshal.AsBytes(pixels.AsSpan());
        PixelBytes.Round(pixels, place);

        Assert.Equal(bytes, place[..count]);
    }
}
