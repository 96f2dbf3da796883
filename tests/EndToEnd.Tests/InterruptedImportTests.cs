using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>
/// An import that is cut off and started again ends as one that was not, and computes nothing that had been stored.
/// </summary>
public sealed class InterruptedImportTests : IDisposable
{
    private const string Dataset = "photos";
    private const int Images = 36;

    private readonly TempDirectory _data = new();
    private readonly TempDirectory _photos = new();

    [Fact]
    public async Task A_client_that_was_killed_starts_again()
    {
        await WritePhotosAsync();
        await using var up = await StartUpAsync();
        await using (var import = ImportProcess.Start(up.Gateway, _photos.Path, Dataset))
        {
            await WaitForSomeAsync(up);
            await import.KillAsync();
        }

        Assert.InRange(await ExamplesAsync(up), 4, Images - 1);

        await ContinuesAsync(up);
    }

    [Fact]
    public async Task Services_that_were_killed_start_again_with_the_embedded_store()
    {
        await WritePhotosAsync();
        await using (var up = await StartUpAsync())
        await using (var import = ImportProcess.Start(up.Gateway, _photos.Path, Dataset))
        {
            await WaitForSomeAsync(up);
            await up.KillAsync();
            var outcome = await import.EndAsync();
            Assert.True(outcome.ExitCode == 1 && outcome.Said.Contains("the same command continues it"), outcome.Said);
        }

        await using var again = await StartUpAsync();
        Assert.InRange(await ExamplesAsync(again), 1, Images - 1);
        await ContinuesAsync(again);
    }

    [Fact]
    public async Task A_store_that_was_killed_starts_again()
    {
        await using var redis = await RedisServer.TryStartAsync(persistent: true);
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await WritePhotosAsync();
        await using var up = await StartUpAsync(redis.ConnectionString);
        await using (var import = ImportProcess.Start(up.Gateway, _photos.Path, Dataset))
        {
            await WaitForSomeAsync(up);
            await redis.KillAsync();
            await redis.StartAgainAsync();
            await import.EndAsync();
        }

        await ContinuesAsync(up);
    }

    [Fact]
    public async Task An_import_with_augmented_copies_that_was_killed_starts_again()
    {
        const int images = 12, training = 9, copies = 2;
        await WritePhotosAsync(images);
        await using var up = await StartUpAsync();
        await using (var import = ImportProcess.Start(up.Gateway, _photos.Path, Dataset, "--augment", "2", "--augment-seed", "3"))
        {
            await WaitForSomeAsync(up);
            await import.KillAsync();
        }

        var before = await ExamplesAsync(up);
        Assert.InRange(before, 4, images + (training * copies) - 1);
        await using var again = ImportProcess.Start(up.Gateway, _photos.Path, Dataset, "--augment", "2", "--augment-seed", "3");
        await using var uninterrupted = ImportProcess.Start(up.Gateway, _photos.Path, "uninterrupted", "--augment", "2", "--augment-seed", "3");

        var outcome = await again.EndAsync();
        Assert.True(outcome is { ExitCode: 0, Imported: images, Copies: training * copies }, outcome.Said);
        Assert.True(outcome.Computed + outcome.ComputedCopies <= images + (training * copies) - before, outcome.Said);
        Assert.Equal(0, (await uninterrupted.EndAsync()).ExitCode);
        var expected = await up.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "uninterrupted" });
        var continued = await up.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = Dataset });
        Assert.Equal((30, 27, 3, 18), (expected.Examples, expected.TrainingExamples, expected.ValidationExamples, expected.AugmentedCopies));
        Assert.Equal(expected.Digest, continued.Digest);
    }

    public void Dispose()
    {
        _data.Dispose();
        _photos.Dispose();
    }

    /// <summary>One image at a time, so that there is a middle to interrupt.</summary>
    private Task<UpProcess> StartUpAsync(string? redis = null) => UpProcess.StartAsync(_data.Path, new()
    {
        ["Batching__MaxBatchSize"] = "1",
        ["Services__ItemsInFlight"] = "2",
        ["Store__ConnectionString"] = redis,
    });

    private async Task WritePhotosAsync(int images = Images)
    {
        foreach (var photo in (await TestPhotos.AllAsync()).Take(3))
        {
            Directory.CreateDirectory(_photos.File(photo.Name));
            for (var crop = 0; crop < images / 3; crop++)
            {
                await File.WriteAllBytesAsync(Path.Combine(_photos.Path, photo.Name, $"{crop:D2}.jpg"), Crops.Of(photo.ReadBytes(), crop));
            }
        }
    }

    private async Task<int> MissingAsync(UpProcess up)
    {
        var hashes = Directory.EnumerateFiles(_photos.Path, "*.jpg", SearchOption.AllDirectories)
            .Select(file => ByteString.CopyFrom(ImageHash.Of(File.ReadAllBytes(file)).ToByteArray()));
        return (await up.Features.FindMissingAsync(new FindMissingRequest { ImageHashes = { hashes } })).MissingImageHashes.Count;
    }

    private static async Task<long> ExamplesAsync(UpProcess up)
    {
        var datasets = (await up.Datasets.ListDatasetsAsync(new ListDatasetsRequest())).Datasets;
        return datasets.SingleOrDefault(dataset => dataset.Dataset_ == Dataset)?.Examples ?? 0;
    }

    /// <summary>Waits for the middle of the import.</summary>
    private static async Task WaitForSomeAsync(UpProcess up)
    {
        while (await ExamplesAsync(up) < 4)
        {
            await Task.Delay(10);
        }
    }

    private async Task ContinuesAsync(UpProcess up)
    {
        // Services that have just lost their store say so until they have found it again; who meets that tries again.
        var deadline = DateTime.UtcNow.AddSeconds(30);
        for (var interrupted = true; interrupted;)
        {
            var missing = await PatientlyAsync(() => MissingAsync(up), deadline);
            Assert.InRange(missing, 0, Images - 1);
            await using var import = ImportProcess.Start(up.Gateway, _photos.Path, Dataset);
            var outcome = await import.EndAsync();
            Assert.True(outcome.Computed <= missing, $"{missing} were missing; {outcome.Said}");
            interrupted = outcome.ExitCode != 0 && DateTime.UtcNow < deadline;
            Assert.True(interrupted || outcome is { ExitCode: 0, Imported: Images }, outcome.Said);
        }

        await using var uninterrupted = ImportProcess.Start(up.Gateway, _photos.Path, "uninterrupted");
        Assert.Equal(0, (await uninterrupted.EndAsync()).Computed);
        var expected = await up.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "uninterrupted" });
        var continued = await up.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = Dataset });
        Assert.Equal(Images, expected.Examples);
        Assert.Equal(expected.Digest, continued.Digest);
    }

    private static async Task<T> PatientlyAsync<T>(Func<Task<T>> ask, DateTime deadline)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable && DateTime.UtcNow < deadline)
            {
                await Task.Delay(200);
            }
        }
    }
}
