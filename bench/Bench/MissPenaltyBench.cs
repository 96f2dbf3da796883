namespace Topfive.Bench;

/// <summary>
/// What the store costs an image that it does not have: two look-ups and a write. The service without a store is the same
/// service whose store is away, which it answers without; that costs it three exceptions an image, some 0.1 ms.
/// </summary>
internal static class MissPenaltyBench
{
    private const int Callers = 24;

    /// <param name="seconds">Of one block.</param>
    /// <param name="rounds">Of four blocks: with, without, without, with.</param>
    public static async Task<int> RunAsync(double seconds, int rounds)
    {
        var images = await NewImages.MakeAsync();
        await using var store = await BenchStore.StartAsync();
        await using var on = await MissService.StartAsync(store.ConnectionString, images, seconds / 2);
        await using var off = await MissService.StartAsync("127.0.0.1:1", images, seconds / 2, ("Logging__LogLevel__Topfive", "None"));
        List<MissLoad> with = [], without = [];
        var (onBefore, offBefore) = (on.ProcessorTime, off.ProcessorTime);
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (service, loads) in new[] { (on, with), (off, without), (off, without), (on, with) })
            {
                loads.Add(await MissLoad.RunAsync(service.Client, images, Callers, seconds));
                Console.WriteLine($"{(service == on ? "with" : "without"),-8} {loads[^1].ImagesASecond:F2} images/s");
            }
        }

        var (stored, unstored) = (MissLoad.Sum(with), MissLoad.Sum(without));
        var (onCost, offCost) = (Cost(on.ProcessorTime - onBefore, stored), Cost(off.ProcessorTime - offBefore, unstored));
        Figure.Print(
        [
            new("miss_penalty", stored.ImagesASecond, "images/s", unstored.ImagesASecond, $"Extract of new images with {store.Name}; limit: with no store; 0.98 is demanded"),
            new("miss_penalty_cpu", offCost, "ms", onCost, "processor time of the service an image with no store; limit: with the store"),
        ]);
        return 0;
    }

    private static double Cost(TimeSpan processor, MissLoad load) => processor.TotalMilliseconds / load.Latencies.Length;
}
