using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>The disk of the vectors that a run maps from a file takes no more while they are written to it.</summary>
public sealed class FullDiskTests
{
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_snapshot_that_the_disk_cuts_short_fails_the_run_and_the_process_serves_on()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits the files of a process by ulimit");
        using var directory = new TempDirectory();
        await using var store = await EmbeddedStore.StartAsync(directory.File("data"));
        await using var watcher = await ServiceUnderTest.StartAsync(("Store:ConnectionString", store.ConnectionString));
        await watcher.ImportAsync(_head, Some.Model());
        var dataset = await watcher.AddDatasetAsync(examples: 200);
        // 200 vectors are 1.6 MB, of which the first megabyte can be written.
        await using var process = await ServiceProcess.StartAsync(
            "Topfive.ClassifierService", [], ServiceProcess.NowListening, new Dictionary<string, string?>
            {
                ["Listen__GrpcPort"] = "0",
                ["Listen__HttpPort"] = "0",
                ["Store__ConnectionString"] = store.ConnectionString,
                ["Training__MemoryLimit"] = "1200000",
                ["Training__SnapshotDirectory"] = directory.File("snapshots"),
            }, fileKilobytes: 1_024);
        using var channel = GrpcChannel.ForAddress(process.Address);

        var run = await new Training.TrainingClient(channel).StartRunAsync(
            new StartRunRequest { Dataset = dataset, Head = _head, Recipe = new Recipe { HiddenUnits = { 32 }, Epochs = 1 } });
        var failed = (await watcher.WatchAsync(run.RunId).WaitAsync(TimeSpan.FromSeconds(60)))[^1].Failed;

        Assert.Equal((int)StatusCode.ResourceExhausted, failed.Code);
        foreach (var words in new[] { "1,638,400 bytes", directory.File("snapshots"), "Training__SnapshotDirectory", "Training__MemoryLimit" })
        {
            Assert.Contains(words, failed.Message);
        }

        Assert.Equal(RunState.Failed, (await watcher.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State);
        Assert.Empty(Directory.EnumerateFileSystemEntries(directory.File("snapshots")));
        Assert.DoesNotContain(Directory.EnumerateFiles($"/proc/{process.Id}/fd").Select(file => new FileInfo(file).LinkTarget), target => target?.Contains(".vectors") == true);
        Assert.Equal(1, (await new Classification.ClassificationClient(channel).ClassifyAsync(Some.Request(_head))).Version);
        Assert.Single((await watcher.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads);
    }
}
