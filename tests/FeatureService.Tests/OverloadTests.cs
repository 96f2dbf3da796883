using System.Diagnostics;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>More calls than the engine can answer; bench/Bench -- overload measures what is only asked for here.</summary>
public sealed class OverloadTests : IDisposable
{
    private const int Places = 16;

    private readonly TempDirectory _directory = new();
    private readonly byte[] _image = Some.NewImage();
    private int _images;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task At_ten_times_the_places_calls_are_answered_or_refused_with_a_hint_and_no_place_is_lost()
    {
        await using var service = await StartAsync(batch: 8);
        await CallAsync(service);

        var answers = new List<(RpcException? Refusal, TimeSpan Time)>();
        for (var wave = 0; wave < 4; wave++) answers.AddRange(await Task.WhenAll(Enumerable.Range(0, 10 * Places).Select(_ => CallAsync(service))));
        var refused = answers.Where(answer => answer.Refusal is not null).ToList();
        var admitted = answers.Where(answer => answer.Refusal is null).ToList();

        Assert.True(admitted.Count >= Places && refused.Count > admitted.Count, $"{admitted.Count} were admitted and {refused.Count} refused: this is no overload");
        Assert.All(refused, answer =>
        {
            Assert.Equal(StatusCode.ResourceExhausted, answer.Refusal!.StatusCode);
            Assert.True(answer.Refusal.GetRpcStatus()?.GetDetail<RetryInfo>()?.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
        });
        Assert.True(Median(refused) < Median(admitted), $"refused after {Median(refused)}, admitted after {Median(admitted)}");

        var scrape = await WhenNothingIsInFlightAsync(service);
        Assert.Equal(refused.Count, scrape.Sum("topfive_feature_refusals_total"));
        Assert.All(await Task.WhenAll(Enumerable.Range(0, Places).Select(_ => CallAsync(service))), answer => Assert.Null(answer.Refusal));
    }

    [Fact]
    public async Task What_waits_when_its_deadline_passes_is_not_computed()
    {
        await using var service = await StartAsync(batch: 1);
        var alone = new List<TimeSpan>();
        for (var i = 0; i < 4; i++) alone.Add((await CallAsync(service)).Time);

        var answers = await Task.WhenAll(Enumerable.Range(0, Places).Select(_ => CallAsync(service, DateTime.UtcNow + (3 * alone.Min()))));
        var computed = (await WhenNothingIsInFlightAsync(service)).Sum("topfive_feature_batch_size_sum") - alone.Count;

        Assert.Contains(answers, answer => answer.Refusal?.StatusCode == StatusCode.DeadlineExceeded);
        // About three of them had their turn in time; a busy machine notices late that time is up.
        Assert.InRange(computed, 0, Places * 3 / 4);
    }

    private static async Task<Scrape> WhenNothingIsInFlightAsync(ServiceInstance service)
    {
        for (var patience = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(50))
        {
            var scrape = await Scrape.OfAsync(service.App.HttpAddress());
            if (scrape.Sum("topfive_feature_in_flight") == 0) return scrape;
            Assert.True(DateTime.UtcNow < patience, "images are in flight 30 s later");
        }
    }

    private Task<ServiceInstance> StartAsync(int batch) => ServiceInstance.StartAsync(new()
    {
        ["Store:DataDirectory"] = _directory.Path,
        ["Batching:QueueCapacity"] = $"{Places}",
        ["Batching:MaxBatchSize"] = $"{batch}",
    });

    private async Task<(RpcException? Refusal, TimeSpan Time)> CallAsync(ServiceInstance service, DateTime? deadline = null)
    {
        // What follows a PNG's end is not looked at, and makes it another image.
        var image = UnsafeByteOperations.UnsafeWrap((byte[])[.. _image, .. BitConverter.GetBytes(Interlocked.Increment(ref _images))]);
        var began = Stopwatch.GetTimestamp();
        try
        {
            await service.Client.ExtractAsync(new ExtractRequest { Image = image }, deadline: deadline);
            return (null, Stopwatch.GetElapsedTime(began));
        }
        catch (RpcException refusal)
        {
            return (refusal, Stopwatch.GetElapsedTime(began));
        }
    }

    private static TimeSpan Median(List<(RpcException? Refusal, TimeSpan Time)> answers) => answers.Select(answer => answer.Time).Order().ElementAt(answers.Count / 2);
}
