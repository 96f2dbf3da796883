using Grpc.Core;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>A store that takes no more: a clear refusal, nothing half-written, and the live head serves on.</summary>
public sealed class FullStoreTests
{
    private readonly string _head = Some.Name("head");

    [Fact]
    public async Task A_disk_without_room_refuses_a_version_and_names_itself_and_the_limit()
    {
        using var directory = new TempDirectory();
        await using var service = await ServiceUnderTest.StartAsync(("Store:DataDirectory", directory.Path));
        var dataset = await service.AddDatasetAsync();
        await service.ImportAsync(_head, Some.Model(labels: 4));
        service.Get<IOptions<StoreOptions>>().Value.DiskReserve = long.MaxValue;

        await Some.RefusedAsync(
            StatusCode.ResourceExhausted, () => service.ImportAsync(_head, Some.Model()), _head, "bytes free", "Store__DiskReserve", "Store__DataDirectory");
        var run = await RunAsync(service, dataset);

        await NothingChangedAsync(service);
        Assert.Equal((RunState.Failed, (int)StatusCode.ResourceExhausted), (run.State, run.Error.Code));
        Assert.Contains("Store__DiskReserve", run.Error.Message);

        service.Get<IOptions<StoreOptions>>().Value.DiskReserve = 0;
        Assert.Equal(2, (await service.ImportAsync(_head, Some.Model())).Version);
    }

    [Fact]
    public async Task A_Redis_without_memory_in_the_middle_of_a_version_leaves_nothing_of_it()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var service = await ServiceUnderTest.StartAsync(("Store:ConnectionString", redis.ConnectionString));
        await service.ImportAsync(_head, Some.Model(labels: 4));
        var keys = await redis.AskAsync("DBSIZE");
        var used = long.Parse((await redis.AskAsync("INFO memory")).Split('\n').Single(line => line.StartsWith("used_memory:")).Split(':')[1]);

        // Room for some of its parts, not for all.
        Assert.Equal("+OK", await redis.AskAsync($"CONFIG SET maxmemory {used + (2 << 20)}"));
        await Some.RefusedAsync(StatusCode.ResourceExhausted, () => service.ImportAsync(_head, Some.Model(labels: 1000)), "takes no more", "OOM");
        await NothingChangedAsync(service);

        Assert.Equal("+OK", await redis.AskAsync("CONFIG SET maxmemory 0"));
        Assert.Equal(keys, await redis.AskAsync("DBSIZE"));
        Assert.True((await service.ImportAsync(_head, Some.Model(labels: 1000), promote: true)).Live);
    }

    [Fact]
    public async Task A_Redis_without_memory_for_the_version_of_a_run_fails_the_run_and_leaves_nothing_of_it()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var service = await ServiceUnderTest.StartAsync(("Store:ConnectionString", redis.ConnectionString));
        await service.ImportAsync(_head, Some.Model(labels: 4));
        var dataset = await service.AddDatasetAsync();
        var used = long.Parse((await redis.AskAsync("INFO memory")).Split('\n').Single(line => line.StartsWith("used_memory:")).Split(':')[1]);

        // Room for what a run writes while it trains, and for some parts of its 16 MB, not for all.
        Assert.Equal("+OK", await redis.AskAsync($"CONFIG SET maxmemory {used + (4 << 20)}"));
        var run = await RunAsync(service, dataset, hiddenUnits: 2_048);

        Assert.Equal((RunState.Failed, (int)StatusCode.ResourceExhausted), (run.State, run.Error.Code));
        Assert.Contains("takes no more", run.Error.Message);
        Assert.Equal(1, run.EpochsDone);
        await NothingChangedAsync(service);
        Assert.Equal(0, await redis.CountAsync("topfive:head:*:model:2:*"));
        Assert.Equal(0, await redis.CountAsync("topfive:head:*:permit:*"));

        Assert.Equal("+OK", await redis.AskAsync("CONFIG SET maxmemory 0"));
        Assert.Equal(RunState.Succeeded, (await RunAsync(service, dataset)).State);
    }

    [Fact]
    public async Task A_Redis_whose_disk_is_full_fails_the_run_with_its_reason_as_soon_as_it_takes_writes_again()
    {
        await using var redis = await RedisServer.TryStartAsync();
        Assert.SkipWhen(redis is null, RedisServer.WhySkipped);
        await using var service = await ServiceUnderTest.StartAsync(("Store:ConnectionString", redis.ConnectionString));
        await service.ImportAsync(_head, Some.Model(labels: 4));
        var dataset = await service.AddDatasetAsync();
        var run = await StartAsync(service, dataset, epochs: 10_000);
        using (var call = service.Training.WatchRun(new WatchRunRequest { RunId = run.RunId })) Assert.True(await call.ResponseStream.MoveNext());

        await redis.RefuseWritesAsync();
        // It is longer than a lease lasts unless it is renewed; a read is answered all the while.
        await Task.Delay(RunLeases.Lifetime / 3);
        await NothingChangedAsync(service);
        Assert.Equal(RunState.Running, (await service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId })).State);
        await Some.RefusedAsync(StatusCode.ResourceExhausted, () => StartAsync(service, dataset), "takes no more", "MISCONF");
        await redis.TakeWritesAsync();

        var failed = (await service.WatchAsync(run.RunId).WaitAsync(TimeSpan.FromSeconds(30)))[^1].Failed;
        Assert.Equal((int)StatusCode.ResourceExhausted, failed.Code);
        Assert.Contains("takes no more", failed.Message);
        Assert.Contains("disk is full", failed.Message);
        await NothingChangedAsync(service);
        Assert.Equal(RunState.Succeeded, (await RunAsync(service, dataset)).State);
    }

    private async Task NothingChangedAsync(ServiceUnderTest service)
    {
        Assert.Equal(1, (await service.Classification.ClassifyAsync(Some.Request(_head))).Version);
        Assert.Equal([1L], (await service.Heads.ListHeadsAsync(new ListHeadsRequest { Head = _head })).Heads.Select(head => head.Version));
        Assert.Single((await service.Heads.ListPromotionsAsync(new ListPromotionsRequest { Head = _head })).Promotions);
    }

    private async Task<Run> StartAsync(ServiceUnderTest service, string dataset, int hiddenUnits = 16, int epochs = 1) =>
        await service.Training.StartRunAsync(new StartRunRequest
        {
            Dataset = dataset,
            Head = _head,
            Promote = true,
            Recipe = new Recipe { HiddenUnits = { hiddenUnits }, Epochs = epochs },
        });

    private async Task<Run> RunAsync(ServiceUnderTest service, string dataset, int hiddenUnits = 16)
    {
        var run = await StartAsync(service, dataset, hiddenUnits);
        await service.WatchAsync(run.RunId);
        return await service.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId });
    }
}
