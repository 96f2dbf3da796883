using System.Globalization;
using System.Security.Cryptography;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>The proof of the importer: it gives TensorFlow.js' numbers on the same pixels.</summary>
public sealed class ParityTests(ParityTests.Photos photos) : IClassFixture<ParityTests.Photos>
{
    [Fact]
    public void Both_sides_saw_the_same_pixels_of_nine_photos()
    {
        Assert.Equal(9, photos.All.Count);
        Assert.All(photos.All, photo => Assert.Equal(photo.Golden.PixelsSha256, Convert.ToHexStringLower(SHA256.HashData(photo.Pixels))));
    }

    [Fact]
    public void Every_photo_has_the_vector_that_tensorflow_js_gives()
    {
        Assert.All(photos.All, photo =>
        {
            var expected = photo.Golden.Vector();
            var (cosine, difference) = (Parity.Cosine(expected, photo.Vector), Parity.LargestDifference(expected, photo.Vector));
            TestContext.Current.TestOutputHelper?.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{photo.Golden.Name}: 1 − cosine {1 - cosine:e1}, max |Δ| {difference:e1} of the largest value"));
            Assert.InRange(cosine, 0.99999, 1.00001);
            Assert.InRange(difference, 0, 1e-3);
        });
    }

    [Fact]
    public async Task The_imported_head_gives_the_probabilities_that_nsfwjs_gives()
    {
        var file = BackboneImporter.HeadFile(await TestBackbone.ModelAsync());
        var head = HeadModel.Read(await File.ReadAllBytesAsync(file));
        using var session = new InferenceSession(file);

        Assert.All(photos.All, photo =>
        {
            using var results = session.Run([NamedOnnxValue.CreateFromTensor("vector", new DenseTensor<float>(photo.Vector, [1, 2048]))]);
            var probabilities = results.Single().AsEnumerable<float>().ToArray();
            var largest = 0.0;
            for (var label = 0; label < head.Labels.Length; label++)
            {
                largest = Math.Max(largest, Math.Abs(photo.Golden.Probabilities[head.Labels[label]] - probabilities[label]));
            }

            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{photo.Golden.Name}: max |Δ probability| {largest:e1}"));
            Assert.InRange(largest, 0, 1e-3);
        });
    }

    [Fact]
    public void Different_photos_have_different_vectors() => Assert.All(
        photos.All.Zip(photos.All.Skip(1)), pair => Assert.InRange(Parity.Cosine(pair.First.Vector, pair.Second.Vector), 0, 0.95));

    internal sealed record Photo(GoldenPhoto Golden, byte[] Pixels, float[] Vector)
    {
        // What a failure prints: not 100 KB of numbers.
        public override string ToString() => Golden.Name;
    }

    public sealed class Photos : IAsyncLifetime
    {
        internal List<Photo> All { get; } = [];

        public async ValueTask InitializeAsync()
        {
            using var session = new InferenceSession(await TestBackbone.ModelAsync());
            var golden = Golden.Read().Photos.ToDictionary(photo => photo.Name);
            foreach (var photo in await TestPhotos.AllAsync())
            {
                var pixels = photo.Pixels();
                All.Add(new Photo(golden[photo.Name], pixels, Backbone.Vectors(session, Array.ConvertAll(pixels, value => (float)value), 1)));
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
