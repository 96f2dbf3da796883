using SkiaSharp;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>docs/operations.md, "Another backbone": the next one beside the one that serves, until callers are sent there.</summary>
public sealed class BackboneMigrationTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_next_backbone_is_filled_and_trained_beside_the_one_that_serves_and_takes_over()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        var photos = Installation.MakePhotos(_directory.File("photos"));
        var known = Path.Combine(photos, "dog", "3.png");
        string[] import = ["import", photos, "--dataset", "pets", "--split", "hash"];
        await using var serving = await Installation.StartAsync(SmallBackbone.Write(_directory.File("serving.onnx")), redis.ConnectionString);
        await serving.TopfiveAsync(import);
        await serving.TopfiveAsync("train", "pets", "--epochs", "2", "--promote");
        var before = await serving.PredictStoredAsync(known);

        await using (var next = await Installation.StartAsync(SmallBackbone.Write(_directory.File("next.onnx"), fingerprint: '6'), $"{redis.ConnectionString},defaultDatabase=1"))
        {
            // Nothing of the old one's is taken for the new one's: every image is computed.
            Assert.Contains("16 computed", await next.TopfiveAsync(import), StringComparison.Ordinal);
            await next.TopfiveAsync("train", "pets", "--epochs", "2", "--promote");

            // Both answer, to known and to new images, each with its own vectors.
            await AnswersAsync(serving, known);
            await AnswersAsync(next, known);
            Assert.NotEqual(await serving.FingerprintAsync(), await next.FingerprintAsync());
            Assert.Equal(before.Predictions, (await serving.PredictStoredAsync(known)).Predictions);

            // The datasets are the same: labels, sides and images.
            Assert.Equal(await serving.TopfiveAsync("datasets"), await next.TopfiveAsync("datasets"));
        }

        // Callers are sent to the next one; the old store's part goes, and the next one's stays.
        await redis.AskAsync("FLUSHDB");
        await using var successor = await Installation.StartAsync(_directory.File("next.onnx"), $"{redis.ConnectionString},defaultDatabase=1");
        await AnswersAsync(successor, known);
    }

    private static async Task AnswersAsync(Installation topfive, string known)
    {
        var fingerprint = await topfive.FingerprintAsync();
        var stored = await topfive.PredictStoredAsync(known);
        Assert.Equal((Source.Store, fingerprint), (stored.Source, stored.BackboneFingerprint));
        var computed = await topfive.PredictAsync(Installation.Photo(SKColors.Green, (byte)Random.Shared.Next(100)));
        Assert.Equal(fingerprint, computed.BackboneFingerprint);
    }
}
