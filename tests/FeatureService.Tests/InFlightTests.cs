using Topfive.FeatureStore;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class InFlightTests
{
    private static readonly ImageHash Image = ImageHash.Of([1]);

    private readonly InFlight<int> _inFlight = new();
    private readonly TaskCompletionSource<int> _work = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationToken _abandoned;
    private int _begun;

    [Fact]
    public async Task Work_for_the_same_image_is_done_once()
    {
        Task<(int Result, bool Joined)>[] callers = [.. Enumerable.Range(0, 10).Select(_ => Run())];

        _work.SetResult(7);

        var results = await Task.WhenAll(callers);
        Assert.Equal([(7, false), .. Enumerable.Repeat((7, true), 9)], results);
        Assert.Equal(1, _begun);
    }

    [Fact]
    public async Task The_first_caller_may_go_without_taking_the_result_from_the_others()
    {
        using var gone = new CancellationTokenSource();
        var first = Run(gone.Token);
        var second = Run();

        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.False(_abandoned.IsCancellationRequested);
        _work.SetResult(7);

        Assert.Equal((7, true), await second);
    }

    [Fact]
    public async Task When_all_have_gone_the_work_is_told_to_stop_and_the_next_caller_begins_anew()
    {
        using var gone = new CancellationTokenSource();
        Task[] callers = [Run(gone.Token), Run(gone.Token)];
        var abandoned = _abandoned;

        await gone.CancelAsync();
        foreach (var caller in callers)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => caller);
        }

        Assert.True(abandoned.IsCancellationRequested);
        var next = Run();
        Assert.Equal(2, _begun);
        _work.SetResult(7);
        Assert.Equal((7, false), await next);
    }

    [Fact]
    public async Task A_failure_reaches_everybody_who_waited_and_nobody_later()
    {
        Task<(int, bool)>[] callers = [Run(), Run()];
        _work.SetException(new InvalidOperationException("broken"));
        foreach (var caller in callers)
        {
            Assert.Equal("broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => caller)).Message);
        }

        Assert.Equal((8, false), await _inFlight.RunAsync(Image, _ => Task.FromResult(8), CancellationToken.None));
    }

    [Fact]
    public async Task Different_images_do_not_wait_for_each_other()
    {
        var waiting = Run();

        Assert.Equal((8, false), await _inFlight.RunAsync(ImageHash.Of([2]), _ => Task.FromResult(8), CancellationToken.None));

        _work.SetResult(7);
        await waiting;
    }

    private Task<(int Result, bool Joined)> Run(CancellationToken caller = default) => _inFlight.RunAsync(Image, abandoned =>
    {
        _begun++;
        _abandoned = abandoned;
        return _work.Task;
    }, caller);
}
