using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>A service with little room: what does not fit has to wait outside.</summary>
public sealed class BackpressureTests : IAsyncLifetime
{
    private const int ItemsInFlight = 8;

    private readonly TempDirectory _directory = new();
    private ServiceInstance? _service;

    private FeatureExtraction.FeatureExtractionClient Client => _service!.Client;

    public async ValueTask InitializeAsync() => _service = await ServiceInstance.StartAsync(new()
    {
        ["Store:DataDirectory"] = _directory.Path,
        ["Streaming:ItemsInFlight"] = $"{ItemsInFlight}",
        ["Batching:BulkCapacity"] = "2",
        ["Batching:QueueCapacity"] = "2",
        ["Batching:MaxBatchSize"] = "2",
    });

    public async ValueTask DisposeAsync()
    {
        await _service!.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task A_reader_that_stops_stops_the_sender_and_loses_nothing_when_it_goes_on()
    {
        const int Items = 400;
        // What follows a PNG's end is not looked at. 100 KB: HTTP/2 buffers hold few of them.
        var item = ExtractStreamTests.Item("again and again", [.. Some.NewImage(), .. new byte[100_000]]);
        await Client.StreamAsync([item]);

        using var call = Client.ExtractStream();
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Items; Interlocked.Increment(ref sent))
            {
                await call.RequestStream.WriteAsync(item);
            }

            await call.RequestStream.CompleteAsync();
        });
        var stoppedAt = await SettledAsync(() => Volatile.Read(ref sent));

        // In the service at most 2 × 8 + 1 items; the rest is in HTTP/2's buffers: images on the way in (under 1 MB),
        // 8 KB vectors on the way out (64 KB on each side).
        Assert.InRange(stoppedAt, 1, (2 * ItemsInFlight) + 1 + 12 + 20);
        var received = 0;
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(Source.Store, result.Extracted.Source);
            received++;
        }

        await sending;
        Assert.Equal(Items, received);
    }

    [Fact]
    public async Task More_items_than_places_wait_and_none_is_refused()
    {
        var results = await Client.StreamAsync([.. Enumerable.Range(0, 12).Select(i => ExtractStreamTests.Item($"{i}", Some.NewImage()))]);

        Assert.Equal(12, results.Count);
        Assert.All(results.Values, result => Assert.Equal(Source.Computed, result.Extracted?.Source));
    }

    [Fact]
    public async Task A_bulk_call_waits_where_an_interactive_one_is_refused()
    {
        ByteString[] images = [.. Enumerable.Range(0, 12).Select(_ => ByteString.CopyFrom(Some.NewImage()))];

        var results = await Task.WhenAll(images.Select(image => Client.ExtractAsync(new ExtractRequest { Image = image, Bulk = true }).ResponseAsync));

        Assert.All(results, result => Assert.Equal(Source.Computed, result.Source));
    }

    [Fact]
    public async Task A_cancelled_stream_stops_the_work_that_nobody_else_waits_for()
    {
        byte[][] images = [.. Enumerable.Range(0, 40).Select(_ => Some.NewImage())];
        using var cancelled = Client.ExtractStream();
        foreach (var image in images)
        {
            await cancelled.RequestStream.WriteAsync(ExtractStreamTests.Item("", image));
        }

        var shared = Client.StreamAsync([ExtractStreamTests.Item("shared", images[7])]);
        await cancelled.ResponseStream.MoveNext(CancellationToken.None);
        cancelled.Dispose();

        // The shared image is computed for the other call, and it has gone through the queue behind whatever was still in it.
        Assert.Equal(2048, (await shared)["shared"].Extracted.Vector.Count);
        await Client.StreamAsync([ExtractStreamTests.Item("last", Some.NewImage())]);
        var missing = await Client.FindMissingAsync(new FindMissingRequest { ImageHashes = { images.Select(Some.Hash) } });
        Assert.InRange(missing.MissingImageHashes.Count, 20, 39);
    }

    /// <summary>What it comes to rest at: no change for a second.</summary>
    private static async Task<int> SettledAsync(Func<int> progress)
    {
        var (last, quiet) = (progress(), 0);
        while (quiet < 10)
        {
            await Task.Delay(100);
            quiet = progress() == last && last > 0 ? quiet + 1 : 0;
            last = progress();
        }

        return last;
    }
}
