using Microsoft.Extensions.Logging.Abstractions;
using Topfive.Backbones;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ImageBatcherTests : IDisposable
{
    private readonly HandEngine _engine = new();
    private readonly ImageBatcher _batcher;

    public ImageBatcherTests()
    {
        _batcher = new ImageBatcher(NullLogger<ImageBatcher>.Instance);
        _batcher.Start([_engine], new BatchLimits(MaxBatchSize: 4, QueueCapacity: 6, BulkCapacity: 12));
    }

    public void Dispose()
    {
        _engine.Finish(1_000);
        _batcher.Dispose();
    }

    [Fact]
    public async Task The_engine_takes_what_is_waiting_and_each_image_gets_its_own_vector()
    {
        var first = Run(1);
        await _engine.BegunAsync();
        Task<BatchResult>[] others = [Run(2), Run(3), Run(4), Run(5), Run(6)];
        _engine.Finish(3);

        Assert.Equal((1, 1f), (await first).Of());
        var results = await Task.WhenAll(others);
        Assert.Equal([(4, 2f), (4, 3f), (4, 4f), (4, 5f), (1, 6f)], results.Select(result => result.Of()));
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_with_a_hint_and_takes_more_when_one_is_done()
    {
        Task<BatchResult>[] accepted = [.. Enumerable.Range(1, 6).Select(number => Run(number))];

        var failure = await Assert.ThrowsAsync<Failure>(async () => await _batcher.AdmitAsync(Urgency.Interactive, default));
        Assert.Equal(FailureKind.QueueFull, failure.Kind);
        Assert.True(failure.RetryAfter > TimeSpan.Zero);
        Assert.Contains("6 images", failure.Message);
        Assert.Contains("Batching__QueueCapacity", failure.Message);

        _engine.Finish(10);
        await Task.WhenAll(accepted);
        Assert.Equal(7f, (await Run(7)).Vector.Span[0]);
    }

    [Fact]
    public async Task A_place_that_was_not_used_is_given_back()
    {
        for (var i = 0; i < 20; i++)
        {
            using var item = await _batcher.AdmitAsync(Urgency.Interactive, default);
            using var bulk = await _batcher.AdmitAsync(Urgency.Bulk, default).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    [Fact]
    public async Task Who_is_gone_before_the_engine_begins_is_passed_over()
    {
        using var gone = new CancellationTokenSource();
        var first = Run(1);
        await _engine.BegunAsync();
        var abandoned = Run(2, cancellation: gone.Token);
        var kept = Run(3);

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        _engine.Finish(2);

        await first;
        Assert.Equal((1, 3f), (await kept).Of());
    }

    [Fact]
    public async Task Who_goes_after_the_engine_began_still_gets_the_result()
    {
        using var gone = new CancellationTokenSource();
        var first = Run(1, cancellation: gone.Token);
        await _engine.BegunAsync();

        await gone.CancelAsync();
        _engine.Finish(1);

        Assert.Equal(1f, (await first).Vector.Span[0]);
    }

    [Fact]
    public async Task A_failed_batch_fails_its_images_and_no_others()
    {
        _engine.Failure = new InvalidOperationException("broken");
        var first = Run(1);
        _engine.Finish(1);
        Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => first)).Message);

        _engine.Failure = null;
        _engine.Finish(1);
        Assert.Equal(2f, (await Run(2)).Vector.Span[0]);
    }

    [Fact]
    public async Task Before_the_engine_starts_images_are_refused_as_unavailable()
    {
        using var idle = new ImageBatcher(NullLogger<ImageBatcher>.Instance);

        foreach (var urgency in Enum.GetValues<Urgency>())
        {
            Assert.Equal(FailureKind.Unavailable, (await Assert.ThrowsAsync<Failure>(async () => await idle.AdmitAsync(urgency, default))).Kind);
        }
    }

    [Fact]
    public async Task While_bulk_saturates_an_interactive_image_rides_in_the_next_batch()
    {
        using var enough = new CancellationTokenSource();
        Task[] bulk = [.. Enumerable.Range(0, 40).Select(number => SaturateAsync(number, enough.Token))];
        await _engine.BegunAsync();

        var mixed = 0;
        for (var i = 0; i < 100; i++)
        {
            var underWay = _engine.Runs;
            var interactive = Run(1_000 + i);
            while (!interactive.IsCompleted)
            {
                _engine.Finish(1);
                await _engine.BegunAsync();
                await Task.WhenAny(interactive, Task.Delay(20));
            }

            var result = await interactive;
            Assert.Equal((1_000f + i, underWay + 1f), (result.Vector.Span[0], result.Vector.Span[1]));
            mixed += result.BatchSize > 1 ? 1 : 0;
        }

        await enough.CancelAsync();
        _engine.Finish(1_000);
        await Task.WhenAll(bulk);
        Assert.True(mixed > 90, $"only {mixed} of 100 batches had bulk images beside the interactive one");
    }

    [Fact]
    public async Task Bulk_waits_for_a_place_where_interactive_has_places_left()
    {
        Task<BatchResult>[] accepted = [.. Enumerable.Range(1, 12).Select(number => Run(number, Urgency.Bulk))];
        using var gone = new CancellationTokenSource();
        var waiting = _batcher.AdmitAsync(Urgency.Bulk, default).AsTask();
        var leaving = _batcher.AdmitAsync(Urgency.Bulk, gone.Token).AsTask();
        var interactive = Run(13);

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving);
        Assert.False(waiting.IsCompleted);

        _engine.Finish(10);
        await Task.WhenAll([.. accepted, interactive]);
        using var admitted = await waiting.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>One image after another, as one of the items in flight of a bulk stream.</summary>
    private async Task SaturateAsync(float number, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            await Run(number, Urgency.Bulk, CancellationToken.None);
        }
    }

    private async Task<BatchResult> Run(float number, Urgency urgency = Urgency.Interactive, CancellationToken cancellation = default)
    {
        var item = await _batcher.AdmitAsync(urgency, cancellation);
        Array.Fill(item.Pixels, number);
        return await _batcher.RunAsync(item, cancellation);
    }
}

internal static class BatchResultExtensions
{
    public static (int BatchSize, float Vector) Of(this BatchResult result) => (result.BatchSize, result.Vector.Span[0]);
}
