using System.Buffers.Binary;
using System.Text;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ImageDecoderTests
{
    [Theory]
    [InlineData("rgb.png", 0)]
    [InlineData("rgb.bmp", 0)]
    [InlineData("rgb.gif", 0)]
    [InlineData("palette.png", 0)]
    [InlineData("opaque-alpha.png", 0)]
    [InlineData("lossless.webp", 0)]
    [InlineData("lossy.webp", 4)]
    [InlineData("rgb.jpg", 2)]
    [InlineData("progressive.jpg", 2)]
    [InlineData("cmyk.jpg", 3)]
    [InlineData("rgb16.png", 0)]
    [InlineData("interlaced.png", 0)]
    public void Every_accepted_format_shows_its_colours(string name, double tolerance) =>
        Decoding.AssertShows(Decoding.Quadrants, Decoding.Decode(Decoding.Image(name)), tolerance);

    [Theory]
    [InlineData("animated.gif")]
    [InlineData("animated.webp")]
    public void Of_an_animation_the_first_frame_counts(string name) =>
        Decoding.AssertShows(Decoding.Quadrants, Decoding.Decode(Decoding.Image(name)), 0);

    [Theory]
    [InlineData("grey.png", 0)]
    [InlineData("grey16.png", 0)]
    [InlineData("grey.jpg", 1)]
    public void Grey_becomes_three_equal_channels(string name, double tolerance)
    {
        // Pillow's "L": 0.299 R + 0.587 G + 0.114 B.
        (int, int, int)[] grey = [.. Decoding.Quadrants.Select(colour => (int)Math.Round((0.299 * colour.R) + (0.587 * colour.G) + (0.114 * colour.B))).Select(value => (value, value, value))];

        Decoding.AssertShows(grey, Decoding.Decode(Decoding.Image(name)), tolerance);
    }

    [Theory]
    [InlineData("alpha.png")]
    [InlineData("alpha.webp")]
    public void What_is_transparent_lies_over_white(string name)
    {
        int[] alphas = [255, 128, 64, 0];
        (int, int, int)[] expected = [.. Decoding.Quadrants.Select((colour, i) => (OverWhite(colour.R, alphas[i]), OverWhite(colour.G, alphas[i]), OverWhite(colour.B, alphas[i])))];

        Decoding.AssertShows(expected, Decoding.Decode(Decoding.Image(name)), 1);

        static int OverWhite(int colour, int alpha) => (int)Math.Round(((colour * alpha) + (255 * (255 - alpha))) / 255.0);
    }

    [Fact]
    public void A_webp_that_says_it_is_opaque_is_whatever_its_alpha_values_are()
    {
        var image = Decoding.Image("alpha.webp");
        // VP8L: one byte signature, 14 bits each of width and height, then whether alpha is used.
        image[24] &= 0xef;

        Decoding.AssertShows(Decoding.Quadrants, Decoding.Decode(image), 0);
    }

    [Fact]
    public void A_transparent_palette_entry_is_white() =>
        Decoding.AssertShows([.. Decoding.Quadrants[..3], (255, 255, 255)], Decoding.Decode(Decoding.Image("transparent.gif")), 0);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void Every_exif_orientation_is_turned_upright(int orientation)
    {
        var pixels = Decoding.Decode(Decoding.Image($"orientation-{orientation}.jpg"));

        Decoding.AssertShows(Decoding.Quadrants, pixels, 3);
        // Also between the quadrants, where a pixel off would show.
        var upright = Decoding.Decode(Decoding.Image("orientation-1.jpg"));
        Assert.InRange(upright.Zip(pixels, (a, b) => Math.Abs(a - b)).Max(), 0, 6);
    }

    [Theory]
    [InlineData("orientation-99.jpg")]
    [InlineData("exif-garbage.jpg")]
    [InlineData("exif-cut-short.jpg")]
    [InlineData("exif-offset-beyond.jpg")]
    public void Broken_exif_is_passed_over(string name) =>
        Decoding.AssertShows(Decoding.Quadrants, Decoding.Decode(Decoding.Image(name)), 2);

    [Fact]
    public void Numbers_stay_as_stored_whatever_colour_profile_they_have() =>
        Decoding.AssertShows(Decoding.Quadrants, Decoding.Decode(Decoding.Image("linear-gamma.png")), 0);

    [Theory]
    [InlineData("rgb.jpg")]
    [InlineData("progressive.jpg")]
    [InlineData("rgb.png")]
    [InlineData("rgb16.png")]
    [InlineData("rgb.bmp")]
    [InlineData("rgb.gif")]
    [InlineData("lossless.webp")]
    [InlineData("lossy.webp")]
    public void An_image_cut_short_anywhere_is_refused(string name)
    {
        var image = Decoding.Image(name);
        foreach (var part in (double[])[0.2, 0.4, 0.6, 0.8])
        {
            var message = Decoding.Refusal(image[..(int)(image.Length * part)]);
            Assert.True(message.Contains("cut short") || message.Contains("damaged") || message.Contains("unknown bytes"), message);
        }
    }

    [Fact]
    public void Damaged_pixels_are_refused()
    {
        var image = Decoding.Image("rgb.png");
        for (var i = 50; i < 70; i++)
        {
            image[i] ^= 0xff;
        }

        Assert.Contains("PNG", Decoding.Refusal(image));
    }

    [Fact]
    public void Empty_bytes_are_refused_as_such() => Assert.StartsWith("the image is empty (0 bytes)", Decoding.Refusal([]));

    [Theory]
    [InlineData("hello, world", "text;")]
    [InlineData("Grüße aus München: nur Text, und zwar mehr als ein paar Zeichen", "text;")]
    [InlineData("  <svg xmlns='http://www.w3.org/2000/svg'/>", "HTML or SVG")]
    [InlineData("%PDF-1.7", "a PDF")]
    [InlineData("PK\u0003\u0004zip", "a ZIP archive")]
    public void What_is_no_image_is_named(string content, string named)
    {
        var message = Decoding.Refusal(Encoding.UTF8.GetBytes(content));

        Assert.Contains(named, message);
        Assert.Contains("JPEG, PNG, WebP, GIF and BMP are accepted", message);
    }

    [Theory]
    [InlineData("tiff.tif", "TIFF")]
    [InlineData("icon.ico", "ICO")]
    public void Formats_that_are_not_accepted_are_named(string name, string named)
    {
        var message = Decoding.Refusal(Decoding.Image(name));

        Assert.Contains(named, message);
        Assert.Contains("JPEG, PNG, WebP, GIF and BMP are accepted", message);
    }

    [Fact]
    public void Unknown_bytes_are_shown() => Assert.Contains("unknown bytes, beginning with 0001020304", Decoding.Refusal([0, 1, 2, 3, 4]));

    [Fact]
    public void A_bomb_is_refused_by_its_header()
    {
        var before = GC.GetTotalAllocatedBytes();

        var message = Decoding.Refusal(Png(30_000, 30_000));

        Assert.Equal("the image is 30,000 × 30,000 = 900,000,000 pixels; at most 100,000,000 are accepted (Limits__MaxImagePixels)", message);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 50_000_000);
    }

    [Fact]
    public void The_limits_are_the_last_values_accepted()
    {
        var image = Decoding.Image("rgb.png");

        Decoding.Decode(image, new LimitOptions { MaxImageBytes = image.Length, MaxImagePixels = 64 * 32 });
        Assert.Contains($"the image has {image.Length:N0} bytes; at most {image.Length - 1:N0}", Decoding.Refusal(image, new LimitOptions { MaxImageBytes = image.Length - 1 }));
        Assert.Contains("64 × 32 = 2,048 pixels; at most 2,047", Decoding.Refusal(image, new LimitOptions { MaxImagePixels = (64 * 32) - 1 }));
    }

    /// <summary>A PNG whose header says so; of its rows there are none.</summary>
    internal static byte[] Png(int width, int height)
    {
        byte[] header = [0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", [0x78, 0x9c]), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string kind, byte[] data)
    {
        byte[] content = [.. Encoding.ASCII.GetBytes(kind), .. data];
        var chunk = new byte[4 + content.Length + 4];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        content.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(4 + content.Length), Crc32(content));
        return chunk;
    }

    private static uint Crc32(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xedb88320;
            }
        }

        return ~crc;
    }
}
