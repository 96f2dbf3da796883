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

    [Theory]
    [InlineData(8, new[] { 1, 2, 4, 8 })]
    [InlineData(6, new[] { 1, 2, 4, 6 })]
    [InlineData(1, new[] { 1 })]
    public void Batches_of_a_gpu_have_few_sizes(int most, int[] sizes) => Assert.Equal(sizes, GpuEngine.Sizes(most));

    [Fact]
    public async Task What_fills_up_a_batch_of_a_gpu_changes_no_vector()
    {
        // The same session as on a GPU, with the CPU behind it.
        using var directory = new TempDirectory();
        var model = SmallBackbone.Write(directory.File("small.onnx"));
        var backbone = BackboneFile.Read(model);
        using var options = RuntimeOptions.Create();
        using var gpu = new GpuEngine(model, backbone, options, maxBatchSize: 6, _ => null);
        using var cpu = new OnnxEngine(model, backbone, threads: 1);
        float[][] photos = [.. (await TestPhotos.AllAsync()).Take(6).Select(photo => Decoding.Decode(photo.ReadBytes()))];

        for (var size = 1; size <= 6; size++)
        {
            // Turned, so that what lies in the rows that fill up is another photo's.
            float[][] batch = [.. Enumerable.Range(0, size).Select(place => photos[(place + size) % photos.Length])];
            var (expected, actual) = (Run(cpu, batch), Run(gpu, batch));
            for (var place = 0; place < size; place++) Assert.Equal(expected[place], actual[place]);
        }
    }

    private static float[][] Run(IEngine engine, float[][] photos)
    {
        var vectors = new float[photos.Length * engine.Dimensions];
        engine.Run(photos.SelectMany(pixels => pixels).ToArray().AsSpan(), photos.Length, vectors);
        return [.. vectors.Chunk(engine.Dimensions)];
    }

    private static ReadOnlySpan<byte> Bits(float[] vector) => MemoryMarshal.AsBytes(vector.AsSpan());
}
