using SkiaSharp;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>docs/operations.md, "Backup": a store is dumped, lost, and brought back, and the product answers as before.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_redis_that_is_restored_from_a_dump_answers_as_the_one_that_was_lost()
    {
        var dump = _directory.File("dump.rdb");
        Answers before;
        await using (var redis = await RedisServer.TryStartAsync())
        {
            Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
            await using var topfive = await Installation.StartAsync(Model(), redis.ConnectionString);
            before = await FillAsync(topfive);
            await Repository.RunAsync(_directory.Path, "redis-cli", "-p", $"{redis.Port}", "--rdb", dump);
            // What comes after the dump is lost with the server.
            await topfive.TopfiveAsync("heads", "delete", "pets", "--all");
        }

        await using var restored = await RedisServer.TryStartAsync(dump: dump);
        await AnswersAsBeforeAsync(restored!.ConnectionString, before);
    }

    [Fact]
    public async Task A_copy_of_the_embedded_stores_directory_answers_as_the_one_that_was_lost()
    {
        var (lost, copy) = (_directory.File("store"), _directory.File("copy"));
        Answers before;
        await using (var store = await EmbeddedStore.StartAsync(lost))
        {
            await using var topfive = await Installation.StartAsync(Model(), store.ConnectionString);
            before = await FillAsync(topfive);
        }

        await Repository.RunAsync(_directory.Path, "cp", "-a", lost, copy);
        Directory.Delete(lost, recursive: true);

        await using var restored = await EmbeddedStore.StartAsync(copy);
        await AnswersAsBeforeAsync(restored.ConnectionString, before);
    }

    private string Model() => SmallBackbone.Write(_directory.File("small.onnx"));

    private string AnyPhoto => _directory.File("photos/cat/1.png");

    private async Task<Answers> FillAsync(Installation topfive)
    {
        await topfive.TopfiveAsync("import", Installation.MakePhotos(_directory.File("photos")), "--dataset", "pets");
        await topfive.TopfiveAsync("train", "pets", "--epochs", "2", "--promote");
        // No better than the first, and so not live by itself.
        await topfive.TopfiveAsync("train", "pets", "--epochs", "3");
        await topfive.TopfiveAsync("promote", "pets", "2");
        return await AnswersAsync(topfive);
    }

    private async Task<Answers> AnswersAsync(Installation topfive)
    {
        var known = await topfive.PredictStoredAsync(AnyPhoto);
        Assert.Equal(Source.Store, known.Source);
        var unknown = await topfive.PredictAsync(Installation.Photo(SKColors.Orange, 99));
        return new($"{known.Version}: {known.Predictions}", $"{unknown.Predictions}",
            await topfive.TopfiveAsync("datasets"), await topfive.TopfiveAsync("heads", "history", "pets"));
    }

    private async Task AnswersAsBeforeAsync(string store, Answers before)
    {
        await using var topfive = await Installation.StartAsync(Model(), store);
        Assert.Equal(before, await AnswersAsync(topfive));
        // And goes on from there.
        await topfive.TopfiveAsync("rollback", "pets");
        Assert.Equal(1, (await topfive.PredictStoredAsync(AnyPhoto)).Version);
        Assert.Contains("16", await topfive.TopfiveAsync("import", _directory.File("photos"), "--dataset", "pets"), StringComparison.Ordinal);
        await topfive.TopfiveAsync("train", "pets", "--epochs", "2");
    }

    private sealed record Answers(string Known, string Unknown, string Datasets, string History);
}
