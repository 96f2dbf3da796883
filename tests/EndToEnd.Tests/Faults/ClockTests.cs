using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary><c>topfive up</c> with its embedded store while somebody sets the machine's clock, an hour forward and two back.</summary>
public sealed class ClockTests
{
    [Fact]
    public async Task A_clock_that_is_set_fails_no_call_and_no_run()
    {
        var library = Directory.Exists("/usr/lib")
            ? Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
            : null;
        Assert.SkipWhen(library is null, "there is no libfaketime (Debian: apt-get install libfaketime)");
        using var directory = new TempDirectory();
        await SetAsync(0);
        await using var up = await UpProcess.StartAsync(directory.File("data"), new()
        {
            ["LD_PRELOAD"] = library,
            ["FAKETIME_TIMESTAMP_FILE"] = directory.File("clock"),
            // Seconds: the file is not read whenever somebody asks for the time.
            ["FAKETIME_CACHE_DURATION"] = "1",
            // A jump of the clock is a jump of the time of day alone.
            ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
        }, SmallBackbone.Write(directory.File("small.onnx")));
        await IngestAsync(up, 40);
        var load = new SteadyLoad();
        var known = FaultyCluster.NewImage();
        await up.Features.ExtractAsync(new ExtractRequest { Image = known });
        load.Repeat(2, async () => await up.Features.ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage() }));
        load.Repeat(2, async () => Assert.Equal(Source.Store, (await up.Features.ExtractAsync(new ExtractRequest { Image = known })).Source));
        load.Repeat(1, async () => await up.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = "pets" }));
        var run = await up.Training.StartRunAsync(new StartRunRequest { Dataset = "pets", Head = "pets", Recipe = new Recipe { HiddenUnits = { 1_024 }, Epochs = 10_000 } });
        await load.GoOnAsync();
        await Eventually.TrueAsync("the run has done an epoch", async () => (await up.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).EpochsDone > 0);

        foreach (var seconds in new[] { 3_600, -3_600 })
        {
            await SetAsync(seconds);
            await load.GoOnAsync();
            var jumped = await EpochsAsync(up, run);
            // Longer than the keeper's turn, in which a lease is looked after.
            for (var i = 0; i < 3; i++) await load.GoOnAsync();
            await Eventually.TrueAsync("the run goes on", async () => await EpochsAsync(up, run) > jumped);
        }

        await load.EndAsync();
        load.NoneFailed();
        Assert.InRange(load.Longest, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Equal(RunState.Cancelled, (await up.Training.CancelRunAsync(new CancelRunRequest { RunId = run.RunId })).State);

        Task SetAsync(int seconds) => File.WriteAllTextAsync(directory.File("clock"), $"{(seconds < 0 ? "" : "+")}{seconds}");
    }

    private static async Task<long> EpochsAsync(UpProcess up, Run run)
    {
        var now = await up.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId });
        Assert.True(now.State == RunState.Running, $"{now}");
        return now.EpochsDone;
    }

    private static async Task IngestAsync(UpProcess up, int count)
    {
        using var stream = up.Ingestions.Ingest();
        var reading = stream.ResponseStream.ReadAllAsync().ToListAsync();
        for (var i = 0; i < count; i++)
        {
            await stream.RequestStream.WriteAsync(new LabeledImage { Id = $"{i}", Dataset = "pets", Label = i % 2 == 0 ? "cat" : "dog", Image = FaultyCluster.NewImage() });
        }

        await stream.RequestStream.CompleteAsync();
        Assert.All(await reading, result => Assert.True(result.Ingested is not null, $"{result.Error}"));
    }
}
