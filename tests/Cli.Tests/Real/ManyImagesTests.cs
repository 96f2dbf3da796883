using System.Text;
using Google.Protobuf;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>
/// A large import with broken images in it, through the real services; only the backbone is a small one. Not beside the tests
/// of the real one, which take every core for seconds at a time.
/// </summary>
[Collection(typeof(SharedTopfive))]
public sealed class ManyImagesTests : IDisposable
{
    private const int Images = 10_000;

    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task Of_ten_thousand_images_with_1_percent_broken_every_good_one_is_stored_and_every_broken_one_named()
    {
        var broken = Write();
        Assert.Equal(Images / 100, broken.Count);
        var options = new TopfiveOptions { ModelPath = SmallBackbone.Write(_folder.File("small.onnx")), DataDirectory = _folder.File("data"), Port = 0 };
        await using var topfive = await TopfiveProcess.StartAsync(options);
        string[] import = ["import", _folder.File("images"), "--dataset", "many", "--gateway", $"{topfive.GatewayAddress}"];

        var outcome = await CommandLine.RunAsync(import);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Imported 9,900 into \"many\": 9,900 computed, 0 cache hits; 0 copies of others left out; 100 failed", outcome.Output);
        AssertNamed(broken, outcome.Errors);
        using var channel = GrpcChannel.ForAddress(topfive.GatewayAddress, new GrpcChannelOptions { MaxReceiveMessageSize = null });
        var dataset = await new Datasets.DatasetsClient(channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "many" });
        Assert.Equal(Images - broken.Count, dataset.Examples);
        var hashes = Directory.EnumerateFiles(_folder.File("images"), "*", SearchOption.AllDirectories)
            .ToLookup(file => broken.ContainsKey(Id(file)), file => ByteString.CopyFrom(ImageHash.Of(File.ReadAllBytes(file)).ToByteArray()));
        var features = new FeatureExtraction.FeatureExtractionClient(channel);
        Assert.Equal(0, await MissingAsync(features, hashes[false]));
        Assert.Equal(broken.Count, await MissingAsync(features, hashes[true]));

        // The second time only what is broken is sent; --strict is what makes it an error.
        var strict = await CommandLine.RunAsync([.. import, "--strict"]);

        Assert.Equal(1, strict.ExitCode);
        Assert.Contains("0 computed, 9,900 cache hits; 0 copies of others left out; 100 failed", strict.Output);
        AssertNamed(broken, strict.Errors);
        Assert.Equal(dataset, await new Datasets.DatasetsClient(channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "many" }));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<int> MissingAsync(FeatureExtraction.FeatureExtractionClient features, IEnumerable<ByteString> hashes)
    {
        var missing = 0;
        foreach (var part in hashes.Chunk(1_000))
        {
            missing += (await features.FindMissingAsync(new FindMissingRequest { ImageHashes = { part } })).MissingImageHashes.Count;
        }

        return missing;
    }

    /// <summary>A line a reason with their number, then a line a name.</summary>
    private static void AssertNamed(Dictionary<string, string> broken, string errors)
    {
        var lines = errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var reason in broken.GroupBy(file => file.Value, file => file.Key))
        {
            var heading = Assert.Single(lines, line => line.StartsWith($"{reason.Count()} failed: INVALID_ARGUMENT: {reason.Key}", StringComparison.Ordinal));
            var listed = lines.SkipWhile(line => line != heading).Skip(1).Take(reason.Count()).Select(line => line.Trim().Split(": ")[0]);
            Assert.Equal(reason.Order(StringComparer.Ordinal), listed);
        }

        Assert.Equal(broken.Count + broken.Values.Distinct().Count(), lines.Length);
    }

    /// <returns>The broken ones, and how their reasons begin.</returns>
    private Dictionary<string, string> Write()
    {
        byte[][] drawings = [.. Enumerable.Range(0, 8).Select(Jpeg)];
        var broken = new Dictionary<string, string>();
        for (var i = 0; i < Images; i++)
        {
            var id = $"label {i % 10}/{i:D4}.jpg";
            Directory.CreateDirectory(_folder.File($"images/label {i % 10}"));
            var drawing = drawings[i % drawings.Length];
            // Bytes behind its end make another image of a JPEG, and are passed over.
            byte[] image = [.. drawing, .. BitConverter.GetBytes(i)];
            if (i % 100 == 50)
            {
                (image, broken[id]) = (i / 100 % 3) switch
                {
                    0 => ([.. drawing[..^60], .. BitConverter.GetBytes(i)], "the image is cut short"),
                    1 => ([], "the image is empty (0 bytes)"),
                    // Some of the texts are the same.
                    _ => (Encoding.UTF8.GetBytes($"no image {i % 1_000}"), "the image cannot be read: it is "),
                };
            }

            File.WriteAllBytes(_folder.File($"images/{id}"), image);
        }

        return broken;
    }

    private string Id(string file) => Path.GetRelativePath(_folder.File("images"), file);

    private static byte[] Jpeg(int hue)
    {
        using var surface = SKSurface.Create(new SKImageInfo(64, 48));
        surface.Canvas.Clear(SKColor.FromHsl(hue * 40, 60, 60));
        using var paint = new SKPaint { Color = SKColors.White };
        surface.Canvas.DrawCircle(32, 24, 6 + hue, paint);
        using var jpeg = surface.Snapshot().Encode(SKEncodedImageFormat.Jpeg, 90);
        return jpeg.ToArray();
    }
}
