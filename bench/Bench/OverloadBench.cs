using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Features.V1;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Ten times the calls that a FeatureService can answer, on time whatever becomes of those before: what the admitted ones wait, what the refused
/// ones wait, what it computes meanwhile and in the second after, and what memory it takes. Client and service share the cores.
/// </summary>
internal static class OverloadBench
{
    private const int Places = 256;
    private const int Times = 10;

    public static async Task<int> RunAsync(double seconds)
    {
        var model = await TestBackbone.ModelAsync();
        using var directory = new TempDirectory();
        await using var service = await BenchProcess.FeatureServiceAsync(model, directory.Path, batch: 8);
        using var channel = GrpcChannel.ForAddress(service.Address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true } });
        var client = new FeatureExtraction.FeatureExtractionClient(channel);
        var images = await NewImages.MakeAsync();
        await MissLoad.RunAsync(client, images, callers: 16, seconds: 2);
        var before = (await MissLoad.RunAsync(client, images, callers: 16, Math.Min(seconds, 10))).ImagesASecond;
        var memory = service.PeakRss;

        var answers = new ConcurrentBag<(StatusCode Status, double Seconds, double EndedAt)>();
        var calls = new List<Task>();
        var began = Stopwatch.GetTimestamp();
        for (; Stopwatch.GetElapsedTime(began).TotalSeconds < seconds; await Task.Delay(5))
        {
            while (calls.Count < Stopwatch.GetElapsedTime(began).TotalSeconds * before * Times) calls.Add(CallAsync());
        }

        var ended = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await Task.WhenAll(calls);
        var admitted = answers.Where(answer => answer.Status == StatusCode.OK).ToList();
        var refused = answers.Where(answer => answer.Status == StatusCode.ResourceExhausted).ToList();
        if (admitted.Count + refused.Count < answers.Count) throw new InvalidOperationException($"{answers.Count - admitted.Count - refused.Count} calls failed otherwise");

        var during = admitted.Count(answer => answer.EndedAt <= ended) / ended;
        Figure.Print(
        [
            new("overload_offered", answers.Count / ended, "calls/s", before * Times, "calls that were begun; limit: ten times what 16 callers got before"),
            new("overload_throughput", during, "images/s", before, "computed meanwhile; limit: before"),
            new("overload_after", admitted.Count(answer => answer.EndedAt > ended && answer.EndedAt <= ended + 1), "images/s", before, "computed in the second after; limit: before"),
            new("overload_p99", 1_000 * Percentile99(admitted), "ms", 1_000 * Places / before, $"of admitted calls; limit: {Places} places (Batching__QueueCapacity) at the throughput before"),
            new("overload_refused", 1_000 * Percentile99(refused), "ms", null, "p99 of refused calls"),
            new("overload_memory", service.PeakRss - memory, "MB", Places * 1.5, "more at its peak than before; limit: 1.5 MB a place: its pixels take 1.07, its image and what refused calls leave to the garbage collector the rest"),
        ]);
        return 0;

        async Task CallAsync()
        {
            var asked = Stopwatch.GetTimestamp();
            var status = StatusCode.OK;
            try
            {
                await client.ExtractAsync(new ExtractRequest { Image = images.Next() });
            }
            catch (RpcException exception)
            {
                status = exception.StatusCode;
                // Who is refused is told when to come again.
                if (status == StatusCode.ResourceExhausted && exception.GetRpcStatus()?.GetDetail<RetryInfo>() is null) status = StatusCode.Unknown;
            }

            answers.Add((status, Stopwatch.GetElapsedTime(asked).TotalSeconds, Stopwatch.GetElapsedTime(began).TotalSeconds));
        }
    }

    private static double Percentile99(List<(StatusCode Status, double Seconds, double EndedAt)> answers) =>
        answers.Count == 0 ? 0 : answers.Select(answer => answer.Seconds).Order().ElementAt(answers.Count * 99 / 100);
}
