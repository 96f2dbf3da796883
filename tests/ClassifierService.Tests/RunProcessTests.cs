using System.Diagnostics;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>Runs in real processes of the service on one Redis; a third replica, in this process, fills the store and watches.</summary>
public sealed class RunProcessTests : IAsyncLifetime
{
    private static readonly TimeSpan UntilAbandoned = RunLeases.Lifetime + TimeSpan.FromSeconds(30);

    private readonly string _head = Some.Name("head");
    private RedisServer? _redis;
    private ServiceUnderTest _watcher = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.TryStartAsync(persistent: true);
        Assert.SkipWhen(_redis is null, RedisServer.WhySkipped);
        _watcher = await ServiceUnderTest.StartAsync(("Store:ConnectionString", _redis.ConnectionString));
    }

    public async ValueTask DisposeAsync()
    {
        if (_redis is null) return;
        await _watcher.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task A_run_whose_process_is_killed_is_marked_failed_with_the_reason_and_the_live_head_serves_on()
    {
        await _watcher.ImportAsync(_head, Some.Model());
        await using var process = await StartProcessAsync();
        var run = await StartLongRunAsync(process);

        await process.KillAsync();

        await FailsAsync(run, "died");
        await OnlyTheImportedVersionServesAsync();
    }

    [Fact]
    public async Task A_process_that_slept_beyond_its_lease_writes_nothing_more_about_its_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "stops and continues a process by kill(1)");
        await _watcher.ImportAsync(_head, Some.Model());
        await using var process = await StartProcessAsync();
        var run = await StartLongRunAsync(process);

        await process.PauseAsync();
        await FailsAsync(run, "died");
        await process.ResumeAsync();

        var told = (await _watcher.WatchAsync(run.RunId)).Count;
        await Task.Delay(TimeSpan.FromSeconds(4));
        Assert.Equal(RunState.Failed, (await _watcher.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State);
        Assert.Equal(told, (await _watcher.WatchAsync(run.RunId)).Count);
        await OnlyTheImportedVersionServesAsync();
    }

    [Fact]
    public async Task Two_replicas_train_every_run_once()
    {
        var dataset = await _watcher.AddDatasetAsync();
        await using var one = await StartProcessAsync();
        await using var two = await StartProcessAsync();
        var runs = new List<Run>();
        foreach (var process in new[] { one, two, one, two })
        {
            using var channel = GrpcChannel.ForAddress(process.Address);
            runs.Add(await new Training.TrainingClient(channel).StartRunAsync(Request(dataset, epochs: 4)));
        }

        var events = await Task.WhenAll(runs.Select(run => _watcher.WatchAsync(run.RunId)));

        Assert.All(events, told => Assert.Equal([1, 2, 3, 4], told.SkipLast(1).Select(next => next.Epoch.Epoch_)));
        var versions = (await _watcher.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads;
        Assert.Equal(runs.Select(run => run.RunId).Order(), versions.Select(version => version.RunId).Order());
        Assert.Equal(events.Select(told => told[^1].Finished.Version).Order(), versions.Select(version => version.Version).Order());
    }

    [Fact]
    public async Task A_run_that_loses_the_store_fails_when_the_store_is_back_and_the_live_head_serves_all_the_while()
    {
        await _watcher.ImportAsync(_head, Some.Model());
        await _watcher.Classification.ClassifyAsync(Some.Request(_head));
        var dataset = await _watcher.AddDatasetAsync();
        var run = await _watcher.Training.StartRunAsync(Request(dataset, epochs: 10_000));
        await FirstEpochAsync(run);

        await _redis!.KillAsync();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(2); await Task.Delay(100))
        {
            Assert.Equal(1, (await _watcher.Classification.ClassifyAsync(Some.Request(_head))).Version);
        }

        await _redis.StartAgainAsync();

        // The keeper says why when the lease has lapsed; the run itself when it meets the store again first.
        await FailsAsync(run, "store");
        await OnlyTheImportedVersionServesAsync();
        var next = await _watcher.Training.StartRunAsync(Request(dataset, epochs: 1));
        Assert.NotNull((await _watcher.WatchAsync(next.RunId))[^1].Finished);
    }

    [Fact]
    public async Task A_store_that_hangs_fails_the_run_with_its_reason_and_the_service_and_its_live_head_outlive_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "stops and continues a process by kill(1)");
        await _watcher.ImportAsync(_head, Some.Model());
        await _watcher.Classification.ClassifyAsync(Some.Request(_head));
        var dataset = await _watcher.AddDatasetAsync();
        var run = await _watcher.Training.StartRunAsync(Request(dataset, epochs: 10_000));
        await FirstEpochAsync(run);

        await _redis!.PauseAsync();
        // Longer than a command waits, shorter than a lease lasts.
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(8); await Task.Delay(100))
        {
            Assert.Equal(1, (await _watcher.Classification.ClassifyAsync(Some.Request(_head))).Version);
        }

        await _redis.ResumeAsync();

        await FailsAsync(run, "store");
        await OnlyTheImportedVersionServesAsync();
        var next = await _watcher.Training.StartRunAsync(Request(dataset, epochs: 1));
        Assert.NotNull((await _watcher.WatchAsync(next.RunId))[^1].Finished);
    }

    [Fact]
    public async Task A_lease_that_the_stores_clock_has_ended_before_its_time_is_taken_again_and_the_run_goes_on()
    {
        var dataset = await _watcher.AddDatasetAsync();
        var run = await _watcher.Training.StartRunAsync(Request(dataset, epochs: 1_000));
        await FirstEpochAsync(run);

        // What a clock that is set forward does to every key with a time to live.
        Assert.Equal(":1", await _redis!.AskAsync($"DEL topfive:run:{{{run.RunId}}}:lease"));

        Assert.NotNull((await _watcher.WatchAsync(run.RunId))[^1].Finished);
    }

    [Fact]
    public async Task A_run_that_others_have_ended_before_it_publishes_adds_no_version()
    {
        await _watcher.ImportAsync(_head, Some.Model());
        await using var process = await StartProcessAsync();
        var run = await StartLongRunAsync(process, epochs: 300);

        // What a replica does first that finds the lease lapsed; the process publishes as if it had slept just before it.
        Assert.Null(await _watcher.Get<HeadStore>().TakePermitAsync(_head, run.RunId));

        await FailsAsync(run, "died");
        Assert.Equal(300, (await _watcher.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).EpochsDone);
        await OnlyTheImportedVersionServesAsync();
    }

    [Fact]
    public async Task A_run_whose_process_died_right_after_it_published_has_succeeded()
    {
        // As the process leaves it: running and in hand, its version there, its lease not renewed.
        var run = new Run { RunId = Guid.NewGuid().ToString("N"), Head = _head, State = RunState.Running, Created = Timestamp.FromDateTime(DateTime.UtcNow) };
        var heads = _watcher.Get<HeadStore>();
        await _watcher.Get<RunStore>().SaveAsync(run);
        await _watcher.Get<RunLeases>().TakeAsync(run.RunId);
        await heads.PermitAsync(_head, run.RunId);
        var decision = new PromotionDecision { Promoted = true, Reason = "better" };
        var version = await heads.AddVersionAsync(new Head { Head_ = _head, RunId = run.RunId, PromotionDecision = decision }, Some.Model());

        var last = (await _watcher.WatchAsync(run.RunId).WaitAsync(UntilAbandoned))[^1];

        Assert.Equal((version, true, decision), (last.Finished.Version, last.Finished.Promoted, last.Finished.PromotionDecision));
        var ended = await _watcher.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId });
        Assert.Equal((RunState.Succeeded, version, null), (ended.State, ended.Version, ended.Error));
    }

    private StartRunRequest Request(string dataset, int epochs) =>
        new() { Dataset = dataset, Head = _head, Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = epochs } };

    private Task<ServiceProcess> StartProcessAsync() => ServiceProcess.StartAsync(
        "Topfive.ClassifierService", [], ServiceProcess.NowListening, new Dictionary<string, string?>
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Store__ConnectionString"] = _redis!.ConnectionString,
        });

    private async Task<Run> StartLongRunAsync(ServiceProcess process, int epochs = 10_000)
    {
        var dataset = await _watcher.AddDatasetAsync();
        using var channel = GrpcChannel.ForAddress(process.Address);
        var run = await new Training.TrainingClient(channel).StartRunAsync(Request(dataset, epochs));
        await FirstEpochAsync(run);
        return run;
    }

    private async Task FirstEpochAsync(Run run)
    {
        using var call = _watcher.Training.WatchRun(new WatchRunRequest { RunId = run.RunId });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal(1, call.ResponseStream.Current.Epoch.Epoch_);
    }

    /// <summary>A watcher may be cut off with the store; it comes back.</summary>
    private async Task FailsAsync(Run run, string says)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(500))
        {
            Assert.True(clock.Elapsed < UntilAbandoned, "the run has not failed");
            try
            {
                var failed = (await _watcher.WatchAsync(run.RunId).WaitAsync(UntilAbandoned))[^1].Failed;
                Assert.Contains(says, failed.Message);
                break;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable)
            {
            }
        }

        var ended = await _watcher.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId });
        Assert.Equal(RunState.Failed, ended.State);
        Assert.Contains(says, ended.Error.Message);
    }

    private async Task OnlyTheImportedVersionServesAsync()
    {
        Assert.Equal(1, (await _watcher.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads.Single().Version);
        Assert.Equal(1, (await _watcher.Classification.ClassifyAsync(Some.Request(_head))).Version);
    }
}
