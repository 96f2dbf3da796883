using System.Collections.Concurrent;
using System.Diagnostics;
using Topfive.Features.V1;

namespace Topfive.Bench;

/// <summary>What callers got who asked for new images one after another.</summary>
/// <param name="Latencies">Seconds of each call, shortest first.</param>
/// <param name="Seconds">From the first call to the last answer.</param>
internal sealed record MissLoad(double[] Latencies, double Seconds)
{
    public double ImagesASecond => Latencies.Length / Seconds;

    /// <summary>Several loads as one.</summary>
    public static MissLoad Sum(IReadOnlyCollection<MissLoad> loads) =>
        new([.. loads.SelectMany(load => load.Latencies).Order()], loads.Sum(load => load.Seconds));

    /// <returns>Milliseconds.</returns>
    public double Percentile(int percent) => 1_000 * Latencies[Math.Min(Latencies.Length - 1, Latencies.Length * percent / 100)];

    /// <param name="client">Of the service.</param>
    /// <param name="images">New ones.</param>
    /// <param name="callers">Calls at the same time.</param>
    /// <param name="seconds">After which no call is begun.</param>
    public static async Task<MissLoad> RunAsync(FeatureExtraction.FeatureExtractionClient client, NewImages images, int callers, double seconds)
    {
        var latencies = new ConcurrentBag<double>();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            do
            {
                var asked = Stopwatch.GetTimestamp();
                var response = await client.ExtractAsync(new ExtractRequest { Image = images.Next() });
                latencies.Add(Stopwatch.GetElapsedTime(asked).TotalSeconds);
                if (response.Source != Source.Computed) throw new InvalidOperationException($"an image that was to be new came from {response.Source}");
            }
            while (Stopwatch.GetElapsedTime(began).TotalSeconds < seconds);
        })));
        return new MissLoad([.. latencies.Order()], Stopwatch.GetElapsedTime(began).TotalSeconds);
    }
}
