using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ImageBatcherTests : IDisposable
{
    private readonly HandEngine _engine = new();
    private readonly ImageBatcher _batcher;

    public ImageBatcherTests()
    {
        _batcher = new ImageBatcher(Options.Create(new BatchingOptions { MaxBatchSize = 4, QueueCapacity = 6 }), NullLogger<ImageBatcher>.Instance);
        _batcher.Start(_engine);
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

        var failure = Assert.Throws<Failure>(() => _batcher.Admit());
        Assert.Equal(FailureKind.QueueFull, failure.Kind);
        Assert.True(failure.RetryAfter > TimeSpan.Zero);
        Assert.Contains("6 images", failure.Message);
        Assert.Contains("Batching__QueueCapacity", failure.Message);

        _engine.Finish(10);
        await Task.WhenAll(accepted);
        Assert.Equal(7f, (await Run(7)).Vector.Span[0]);
    }

    [Fact]
    public void A_place_that_was_not_used_is_given_back()
    {
        for (var i = 0; i < 20; i++)
        {
            using var item = _batcher.Admit();
        }
    }

    [Fact]
    public async Task Who_is_gone_before_the_engine_begins_is_passed_over()
    {
        using var gone = new CancellationTokenSource();
        var first = Run(1);
        await _engine.BegunAsync();
        var abandoned = Run(2, gone.Token);
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
        var first = Run(1, gone.Token);
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
    public void Before_the_engine_starts_images_are_refused_as_unavailable()
    {
        using var idle = new ImageBatcher(Options.Create(new BatchingOptions()), NullLogger<ImageBatcher>.Instance);

        Assert.Equal(FailureKind.Unavailable, Assert.Throws<Failure>(() => idle.Admit()).Kind);
    }

    private Task<BatchResult> Run(float number, CancellationToken cancellation = default)
    {
        var item = _batcher.Admit();
        Array.Fill(item.Pixels, number);
        return _batcher.RunAsync(item, cancellation);
    }

    /// <summary>An engine whose runs end when the test says so; an image's vector is its first pixel.</summary>
    private sealed class HandEngine : IEngine
    {
        private readonly SemaphoreSlim _begun = new(0);
        private readonly SemaphoreSlim _finish = new(0);

        public Exception? Failure { get; set; }

        public int PixelsLength => 12;

        public int Dimensions => 2;

        public async Task BegunAsync() => Assert.True(await _begun.WaitAsync(TimeSpan.FromSeconds(20)));

        public void Finish(int runs) => _finish.Release(runs);

        public void Run(Memory<float> pixels, int count, Memory<float> vectors)
        {
            _begun.Release();
            _finish.Wait();
            if (Failure is not null)
            {
                throw Failure;
            }

            for (var row = 0; row < count; row++)
            {
                vectors.Span.Slice(row * Dimensions, Dimensions).Fill(pixels.Span[row * PixelsLength]);
            }
        }

        public void Dispose()
        {
            _begun.Dispose();
            _finish.Dispose();
        }
    }
}

internal static class BatchResultExtensions
{
    public static (int BatchSize, float Vector) Of(this BatchResult result) => (result.BatchSize, result.Vector.Span[0]);
}
