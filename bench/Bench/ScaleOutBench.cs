using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Features.V1;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// FeatureServices of one thread each behind a Gateway: how many images they compute of which each comes twice, how
/// throughput grows with them as far as there are cores, and how soon the others answer for one that is killed.
/// </summary>
internal static class ScaleOutBench
{
    private const int Connections = 4;
    private const int Callers = 8;

    private static readonly Dictionary<string, string?> OneThread = new() { ["Backbone__Threads"] = "1", ["DOTNET_PROCESSOR_COUNT"] = "1" };

    /// <param name="distinct">Images for each process; each is asked for twice.</param>
    public static async Task<int> RunAsync(int distinct)
    {
        var model = await TestBackbone.ModelAsync();
        var images = await NewImages.MakeAsync();
        await using var store = await BenchStore.StartAsync();
        List<Figure> figures = [];
        var (computed, sent, alone) = (0, 0, 0.0);
        foreach (var processes in new[] { 1, 2, 4 })
        {
            await using var cluster = await ServiceCluster.StartAsync(model, [.. Enumerable.Repeat(store.ConnectionString, processes)], OneThread);
            Uri[] gateway = [.. Enumerable.Repeat(cluster.Gateway, Connections)];
            await TwiceAsync(gateway, New(4 * processes));
            var run = await TwiceAsync(gateway, New(distinct * processes));
            computed += run.Computed;
            sent += distinct * processes;
            if (processes == 1) alone = run.DistinctASecond;
            var cores = Math.Min(processes, Environment.ProcessorCount);
            figures.Add(new($"scale_out_{processes}", run.DistinctASecond, "images/s", cores * alone,
                $"distinct images, each twice, through the Gateway, {processes} FeatureServices of one thread; limit: {cores} × that of one, for there are {Environment.ProcessorCount} cores"));
            if (processes < 4) continue;

            var unrouted = await TwiceAsync([.. cluster.Features], New(distinct * processes));
            figures.Add(new("unrouted_computed", unrouted.Computed, "images", distinct * processes, "the same past the Gateway, each connection to another FeatureService; limit: the distinct ones"));
            figures.Add(new("reroute_seconds", await LongestCallOfAKillAsync(cluster, New(64)), "s", 1, "the longest of the calls while one of four was killed, none of which failed; limit: what is demanded, and not more"));
        }

        figures.Add(new("scale_out_computed", computed, "images", sent, "computed by 1, 2 and 4; limit: the distinct ones: 1 is demanded"));
        Figure.Print(figures);
        return 0;

        ByteString[] New(int count) => [.. Enumerable.Range(0, count).Select(_ => images.Next())];
    }

    /// <summary>Each image twice, over different connections, every other time in a stream.</summary>
    private static async Task<(int Computed, double DistinctASecond)> TwiceAsync(Uri[] addresses, ByteString[] images)
    {
        GrpcChannel[] channels = [.. addresses.Select(address => GrpcChannel.ForAddress(address))];
        var began = Stopwatch.GetTimestamp();
        var sources = await Task.WhenAll(channels.Select((channel, i) =>
        {
            // Connections 0 and 1 share half of the images, 2 and 3 the other half.
            ByteString[] own = [.. images.Where((_, image) => image % 2 == i / 2 % 2)];
            var client = new FeatureExtraction.FeatureExtractionClient(channel);
            return i % 2 == 0 ? AloneAsync(client, own) : StreamAsync(client, own);
        }));
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Array.ForEach(channels, channel => channel.Dispose());
        return (sources.SelectMany(source => source).Count(source => source == Source.Computed), images.Length / seconds);
    }

    private static async Task<List<Source>> AloneAsync(FeatureExtraction.FeatureExtractionClient client, ByteString[] images)
    {
        var sources = new List<Source>();
        await Parallel.ForEachAsync(images, new ParallelOptions { MaxDegreeOfParallelism = Callers }, async (image, cancellation) =>
        {
            var source = (await client.ExtractAsync(new ExtractRequest { Image = image }, cancellationToken: cancellation)).Source;
            lock (sources) sources.Add(source);
        });
        return sources;
    }

    private static async Task<List<Source>> StreamAsync(FeatureExtraction.FeatureExtractionClient client, ByteString[] images)
    {
        using var stream = client.ExtractStream();
        var reading = stream.ResponseStream.ReadAllAsync().Select(result => result.Extracted.Source).ToListAsync();
        foreach (var image in images)
        {
            await stream.RequestStream.WriteAsync(new ExtractStreamRequest { Image = image });
        }

        await stream.RequestStream.CompleteAsync();
        return await reading;
    }

    /// <summary>Callers ask for images that are stored, so that a call takes long only because of the kill.</summary>
    /// <returns>Seconds of the longest call. A call that fails ends the benchmark.</returns>
    private static async Task<double> LongestCallOfAKillAsync(ServiceCluster cluster, ByteString[] images)
    {
        using var channel = GrpcChannel.ForAddress(cluster.Gateway);
        var client = new FeatureExtraction.FeatureExtractionClient(channel);
        await AloneAsync(client, images);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        var calling = Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var longest = 0.0;
            for (var i = caller; !stop.IsCancellationRequested; i++)
            {
                var began = Stopwatch.GetTimestamp();
                await client.ExtractAsync(new ExtractRequest { Image = images[i % images.Length] }, cancellationToken: CancellationToken.None);
                longest = Math.Max(longest, Stopwatch.GetElapsedTime(began).TotalSeconds);
            }

            return longest;
        })));
        await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        await cluster.KillAsync(0);
        return (await calling).Max();
    }
}
