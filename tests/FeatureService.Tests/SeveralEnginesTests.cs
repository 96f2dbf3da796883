using Microsoft.Extensions.Logging.Abstractions;
using Topfive.Backbones;
using Xunit;

namespace Topfive.FeatureService.Tests;

public class SeveralEnginesTests
{
    [Fact]
    public async Task Engines_take_turns_at_one_queue_and_run_at_the_same_time()
    {
        using HandEngine first = new(), second = new();
        var batcher = new ImageBatcher(NullLogger<ImageBatcher>.Instance);
        batcher.Start([first, second], new BatchLimits(MaxBatchSize: 2, QueueCapacity: 20, BulkCapacity: 20));

        // Neither engine ends a run before both have begun one.
        Task<BatchResult>[] images = [.. Enumerable.Range(1, 10).Select(number => RunAsync(batcher, number))];
        await first.BegunAsync();
        await second.BegunAsync();
        Assert.All(images, image => Assert.False(image.IsCompleted));

        // One that stands still holds up none but its own.
        first.Finish(20);
        while (images.Count(image => !image.IsCompleted) > 2)
        {
            await Task.WhenAny(images.Where(image => !image.IsCompleted)).WaitAsync(TimeSpan.FromSeconds(20));
        }

        Assert.Contains(images, image => !image.IsCompleted);

        second.Finish(20);
        var results = await Task.WhenAll(images).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(Enumerable.Range(1, 10).Select(number => (float)number), results.Select(result => result.Vector.Span[0]));
        Assert.Equal(1, second.Runs);
        batcher.Dispose();
    }

    [Fact]
    public async Task Every_image_is_run_once_however_many_engines_there_are()
    {
        HandEngine[] engines = [.. Enumerable.Range(0, 4).Select(_ => new HandEngine())];
        Array.ForEach(engines, engine => engine.Finish(100_000));
        var batcher = new ImageBatcher(NullLogger<ImageBatcher>.Instance);
        batcher.Start(engines, new BatchLimits(MaxBatchSize: 3, QueueCapacity: 20_000, BulkCapacity: 64));

        var results = await Task.WhenAll(Enumerable.Range(0, 8_000).Select(number => Task.Run(() =>
            RunAsync(batcher, number, number % 3 == 0 ? Urgency.Interactive : Urgency.Bulk)))).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(Enumerable.Range(0, 8_000).Select(number => (float)number), results.Select(result => result.Vector.Span[0]));
        Assert.Equal((0, 0), (batcher.InFlightOf(Urgency.Interactive), batcher.InFlightOf(Urgency.Bulk)));
        batcher.Dispose();
    }

    [Fact]
    public async Task An_engine_that_reads_bytes_gets_rounded_pixels()
    {
        using var engine = new HandEngine(PixelType.Bytes);
        engine.Finish(2);
        var batcher = new ImageBatcher(NullLogger<ImageBatcher>.Instance);
        batcher.Start([engine], new BatchLimits(MaxBatchSize: 2, QueueCapacity: 20, BulkCapacity: 20));

        Assert.Equal(100f, (await RunAsync(batcher, 99.5f)).Vector.Span[0]);
        Assert.Equal(99f, (await RunAsync(batcher, 99.49f)).Vector.Span[0]);
        batcher.Dispose();
    }

    [Theory]
    [InlineData(null, null, 8, 1, 2, 8, 64)]
    [InlineData(null, null, 64, 1, 16, 64, 224)]
    [InlineData(null, null, 64, 8, 96, 64, 1728)]
    [InlineData(256, null, 64, 1, 16, 256, 800)]
    [InlineData(16, 5, 64, 2, 16, 16, 5)]
    public void Places_follow_from_batches_engines_and_cores_where_none_are_set(int? batch, int? bulk, int usual, int engines, int cores, int batchThen, int bulkThen)
    {
        var limits = BatchLimits.For(new BatchingOptions { MaxBatchSize = batch, BulkCapacity = bulk }, usual, engines, cores);

        Assert.Equal(new BatchLimits(batchThen, 256, bulkThen), limits);
    }

    private static async Task<BatchResult> RunAsync(ImageBatcher batcher, float number, Urgency urgency = Urgency.Interactive)
    {
        var item = await batcher.AdmitAsync(urgency, CancellationToken.None);
        Array.Fill(item.Pixels, number);
        return await batcher.RunAsync(item, CancellationToken.None);
    }
}
