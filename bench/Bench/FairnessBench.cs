using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>How long somebody waits for one image that is not stored, while a bulk stream keeps the engine busy.</summary>
internal static class FairnessBench
{
    private const int Batch = 8;
    private const int Batches = 3;
    private const int WarmUp = 15;

    public static async Task<int> RunAsync(int calls)
    {
        var images = await NewImages.MakeAsync();
        var model = await TestBackbone.ModelAsync();
        using var directory = new TempDirectory();
        await using var service = await BenchProcess.FeatureServiceAsync(model, Path.Combine(directory.Path, "features"), Batch);
        (double Seconds, Timing? Timing) slowest = default;
        using var stop = new CancellationTokenSource();
        var full = new ConcurrentQueue<double>();
        var bulk = BulkAsync(service.OtherClient, images.Next, full, stop.Token);
        // A process' first images go to compiling its code.
        for (var call = 0; call < WarmUp; call++)
        {
            await AskAsync();
        }

        slowest = default;
        var seconds = new List<double>();
        for (var call = 0; call < calls; call++)
        {
            seconds.Add(await AskAsync());
        }

        await stop.CancelAsync();
        await bulk;
        seconds.Sort();
        var batch = full.Order().ElementAt(full.Count / 2);
        Console.WriteLine($"{calls} calls one after another; a full batch takes {batch * 1000:N0} ms (the median of {full.Count / Batch:N0})");
        Console.WriteLine($"the slowest call: {slowest.Seconds * 1000:N0} ms, of it {slowest.Timing}");
        Figure.Print(
        [
            new("interactive_p50", Percentile(50) * 1000, "ms", Batches * batch * 1000, $"Extract of a new image beside a bulk stream; limit: {Batches} batches' time"),
            new("interactive_p99", Percentile(99) * 1000, "ms", Batches * batch * 1000, "the same"),
        ]);
        return 0;

        async Task<double> AskAsync()
        {
            var began = Stopwatch.GetTimestamp();
            var response = await service.Client.ExtractAsync(new ExtractRequest { Image = images.Next() });
            var took = Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (took > slowest.Seconds) slowest = (took, response.Timing);
            return took;
        }

        double Percentile(int percent) => seconds[Math.Min(seconds.Count - 1, seconds.Count * percent / 100)];
    }

    /// <summary>Keeps the engine busy until it is told to stop; collects the inference times of full batches.</summary>
    private static async Task BulkAsync(
        FeatureExtraction.FeatureExtractionClient client, Func<ByteString> image, ConcurrentQueue<double> full, CancellationToken stop)
    {
        using var call = client.ExtractStream(cancellationToken: CancellationToken.None);
        var sending = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await call.RequestStream.WriteAsync(new ExtractStreamRequest { Image = image(), OmitVector = true }, CancellationToken.None);
            }

            await call.RequestStream.CompleteAsync();
        }, CancellationToken.None);
        await foreach (var result in call.ResponseStream.ReadAllAsync(CancellationToken.None))
        {
            if (result.Extracted is null) throw new InvalidOperationException($"an item failed: {result.Error.Message}");
            if (result.Extracted.Timing.BatchSize == Batch) full.Enqueue(result.Extracted.Timing.Inference.ToTimeSpan().TotalSeconds);
        }

        await sending;
    }
}
