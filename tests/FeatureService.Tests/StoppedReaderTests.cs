using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Features.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

/// <summary>The service as a process of its own, so that its memory can be told from the client's.</summary>
public sealed class StoppedReaderTests
{
    private const int ItemsInFlight = 16;
    private const int ImageBytes = 1 << 20;
    private const int Items = 400;

    /// <summary>What StreamingOptions.ItemsInFlight promises of one call, and HTTP/2's buffers.</summary>
    private const long BoundBytes = ((2 * ItemsInFlight) + 1 + 2) * (long)ImageBytes;

    [Fact]
    public async Task A_reader_that_stops_for_a_minute_holds_the_sender_and_the_memory_and_loses_nothing()
    {
        using var directory = new TempDirectory();
        await using var process = await ServiceProcess.StartAsync("Topfive.FeatureService", [], ServiceProcess.NowListening, new Dictionary<string, string?>
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Store__DataDirectory"] = directory.Path,
            ["Backbone__Model"] = await TestBackbone.ModelAsync(),
            ["Streaming__ItemsInFlight"] = $"{ItemsInFlight}",
            // Arrays that nobody holds any more are to be given back soon, so that what remains is what is held.
            ["DOTNET_GCConserveMemory"] = "9",
        });
        using var channel = GrpcChannel.ForAddress(process.Address);
        var client = new FeatureExtraction.FeatureExtractionClient(channel);
        // What follows a PNG's end is not looked at.
        var item = ExtractStreamTests.Item("", [.. Some.NewImage(), .. new byte[ImageBytes]]);
        await ReadyAsync(client);
        await client.StreamAsync([item]);
        await client.StreamAsync([.. Enumerable.Range(0, 2 * ItemsInFlight).Select(i => new ExtractStreamRequest { Id = $"{i}", Image = item.Image })]);

        var before = process.Rss;
        using var call = client.ExtractStream();
        var sent = 0;
        var sending = Task.Run(async () =>
        {
            for (; sent < Items; Interlocked.Increment(ref sent))
            {
                await call.RequestStream.WriteAsync(item);
            }

            await call.RequestStream.CompleteAsync();
        });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var rss = new List<long>();
        var sentBy = new List<int>();
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (rss.Count < 60 && await second.WaitForNextTickAsync())
        {
            rss.Add(process.Rss);
            sentBy.Add(Volatile.Read(ref sent));
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"MB before {before >> 20}, then {string.Join(' ', rss.Select(bytes => bytes >> 20))}");
        Assert.InRange(sentBy[^1], 1, (2 * ItemsInFlight) + 1 + 20);
        Assert.Equal(sentBy[29], sentBy[^1]);
        Assert.InRange(rss.Max() - before, long.MinValue, BoundBytes);
        Assert.InRange(rss[^1] - rss[29], long.MinValue, 8 << 20);

        var received = 1;
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(Source.Store, result.Extracted.Source);
            received++;
        }

        await sending;
        Assert.Equal(Items, received);
    }

    private static async Task ReadyAsync(FeatureExtraction.FeatureExtractionClient client)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await client.GetBackboneAsync(new GetBackboneRequest());
                return;
            }
            catch (RpcException exception) when (exception.StatusCode == StatusCode.Unavailable && attempt < 600)
            {
                await Task.Delay(100);
            }
        }
    }
}
