using System.Diagnostics;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>A replica that is stopped with SIGSTOP keeps its connections, takes every call and answers none.</summary>
public sealed class WedgedReplicaTests : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private EmbeddedStore _store = null!;

    public async ValueTask InitializeAsync() => _store = await EmbeddedStore.StartAsync(_directory.Path);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("FeatureService")]
    [InlineData("ClassifierService")]
    public async Task A_call_runs_into_its_deadline_the_others_go_to_the_next_replica_and_one_that_answers_again_is_used(string service)
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, features: 2, classifiers: 2);
        var wedged = service == "FeatureService" ? cluster.Services.FeatureProcesses[1] : cluster.Services.ClassifierProcesses[1];
        await wedged.PauseAsync();
        try
        {
            // Each finds out at most once, by its own deadline.
            var failed = await PredictAsync(cluster, 40);
            Assert.All(failed, status => Assert.Equal(StatusCode.DeadlineExceeded, status));
            Assert.InRange(failed.Count, 0, 20);
            // From then on one call in five seconds tries the silent one.
            var began = Stopwatch.GetTimestamp();
            var later = await PredictAsync(cluster, 40);
            Assert.InRange(later.Count, 0, 2 + (int)(Stopwatch.GetElapsedTime(began).TotalSeconds / 2.5));
            await LoggedAsync(cluster, "takes calls and has answered none");
        }
        finally
        {
            await wedged.ResumeAsync();
        }

        await Eventually.TrueAsync("the replica answers again", async () =>
        {
            await PredictAsync(cluster, 10);
            return cluster.Services.GatewayProcess.Output.Any(line => line.Contains("answers again"));
        });
        Assert.Empty(await PredictAsync(cluster, 40));
    }

    [Fact]
    public async Task A_caller_without_a_deadline_is_not_left_hanging_by_the_only_replica()
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, everywhere: new() { ["Services__TimeoutSeconds"] = "2" });
        var processes = new[] { cluster.Services.FeatureProcesses[0], cluster.Services.ClassifierProcesses[0] };
        foreach (var process in processes) await process.PauseAsync();
        try
        {
            var patience = TimeSpan.FromSeconds(40);
            var statuses = await Task.WhenAll(
                StatusOfAsync(cluster.Features.ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage() }), patience),
                StatusOfAsync(cluster.Predictions.PredictAsync(FaultyCluster.ByImage(FaultyCluster.NewImage())), patience),
                StatusOfAsync(cluster.Heads.ListHeadsAsync(new Classifier.V1.ListHeadsRequest()), patience));
            Assert.All(statuses, status => Assert.Equal(StatusCode.DeadlineExceeded, status));
        }
        finally
        {
            foreach (var process in processes) await process.ResumeAsync();
        }
    }

    /// <summary>A bulk item waits as long as the work before it takes, so it has no deadline: the pings of HTTP/2 find out.</summary>
    [Fact]
    public async Task Bulk_work_without_a_deadline_leaves_a_silent_replica_by_its_missing_pings()
    {
        await using var cluster = await FaultyCluster.StartAsync(_store.ConnectionString, features: 2);
        await cluster.Services.FeatureProcesses[1].PauseAsync();
        try
        {
            var items = Enumerable.Range(0, 8).Select(_ => cluster.Features.ExtractAsync(new ExtractRequest { Image = FaultyCluster.NewImage(), Bulk = true }).ResponseAsync);
            var answers = await Task.WhenAll(items).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.All(answers, answer => Assert.Equal(2048, answer.Vector.Count));
        }
        finally
        {
            await cluster.Services.FeatureProcesses[1].ResumeAsync();
        }
    }

    /// <returns>The statuses of those that failed.</returns>
    private static async Task<List<StatusCode>> PredictAsync(FaultyCluster cluster, int count)
    {
        var failed = new List<StatusCode>();
        for (var i = 0; i < count / 10; i++)
        {
            var ten = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => StatusOfAsync(
                cluster.Predictions.PredictAsync(FaultyCluster.ByImage(FaultyCluster.NewImage()), deadline: DateTime.UtcNow.AddSeconds(2.5)), TimeSpan.FromSeconds(40))));
            failed.AddRange(ten.Where(status => status != StatusCode.OK));
        }

        return failed;
    }

    private static async Task<StatusCode> StatusOfAsync<T>(AsyncUnaryCall<T> call, TimeSpan patience)
    {
        using (call)
        {
            try
            {
                await call.ResponseAsync.WaitAsync(patience);
                return StatusCode.OK;
            }
            catch (RpcException failure)
            {
                return failure.StatusCode;
            }
        }
    }

    private static Task LoggedAsync(FaultyCluster cluster, string words) =>
        Eventually.TrueAsync($"the Gateway logs '{words}'", () => Task.FromResult(cluster.Services.GatewayProcess.Output.Any(line => line.Contains(words))));
}
