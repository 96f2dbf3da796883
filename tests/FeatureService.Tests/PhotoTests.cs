using System.Diagnostics;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class PhotoTests
{
    [Fact]
    public async Task Real_photographs_decode_and_any_of_them_cut_short_is_refused()
    {
        foreach (var photo in await TestPhotos.AllAsync())
        {
            var image = photo.ReadBytes();
            var began = Stopwatch.GetTimestamp();
            var pixels = Decoding.Decode(image);
            TestContext.Current.SendDiagnosticMessage($"{photo.Name}: {image.Length / 1024} KiB in {Stopwatch.GetElapsedTime(began).TotalMilliseconds:F1} ms");

            Assert.All(pixels, value => Assert.InRange(value, 0f, 255f));
            foreach (var part in (double[])[0.01, 0.5, 0.99])
            {
                Assert.Contains("cut short", Decoding.Refusal(image[..(int)(image.Length * part)]));
            }
        }
    }
}
