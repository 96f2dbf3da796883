using System.Runtime.InteropServices;
using Topfive.Backbones;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class OnnxEngineTests
{
    [Fact]
    public async Task An_image_has_the_same_bits_in_every_place_of_every_batch()
    {
        var model = await TestBackbone.ModelAsync();
        using var engine = new OnnxEngine(model, BackboneFile.Read(model), threads: 0);
        float[][] photos = [.. (await TestPhotos.AllAsync()).Take(8).Select(photo => Decoding.Decode(photo.ReadBytes()))];
        float[][] alone = [.. photos.Select(photo => Run(engine, [photo])[0])];

        var differing = new List<string>();
        for (var size = 2; size <= 8; size++)
        {
            // Turned by the size, so that every photo comes to stand in every place.
            int[] order = [.. Enumerable.Range(0, size).Select(place => (place + size) % photos.Length)];
            var together = Run(engine, [.. order.Select(photo => photos[photo])]);
            for (var place = 0; place < size; place++)
            {
                if (!Bits(together[place]).SequenceEqual(Bits(alone[order[place]])))
                {
                    var largest = alone[order[place]].Max();
                    var difference = together[place].Zip(alone[order[place]], (a, b) => Math.Abs(a - b)).Max() / largest;
                    differing.Add($"photo {order[place]} in place {place} of {size}: {difference:E1} of the largest value");
                }
            }
        }

        Assert.Empty(differing);
    }

    private static float[][] Run(OnnxEngine engine, float[][] photos)
    {
        var vectors = new float[photos.Length * engine.Dimensions];
        engine.Run(photos.SelectMany(pixels => pixels).ToArray(), photos.Length, vectors);
        return [.. vectors.Chunk(engine.Dimensions)];
    }

    private static ReadOnlySpan<byte> Bits(float[] vector) => MemoryMarshal.AsBytes(vector.AsSpan());
}
