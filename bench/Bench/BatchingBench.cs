namespace Topfive.Bench;

/// <summary>What taking several images into one run of the engine gives, by the number of callers: throughput and waiting.</summary>
internal static class BatchingBench
{
    private const int Batch = 8;
    private const int FigureAt = 16;

    public static readonly int[] AllCallers = [1, 2, 4, 8, 16, 32, 64];

    /// <param name="callers">How many at a time.</param>
    /// <param name="seconds">Of one round; there are two with and two without batches for each number of callers.</param>
    public static async Task<int> RunAsync(int[] callers, double seconds)
    {
        var images = await NewImages.MakeAsync();
        await using var store = await BenchStore.StartAsync();
        await using var on = await MissService.StartAsync(store.ConnectionString, images, 2 * seconds, ("Batching__MaxBatchSize", $"{Batch}"));
        await using var off = await MissService.StartAsync(store.ConnectionString, images, 2 * seconds, ("Batching__MaxBatchSize", "1"));
        Console.WriteLine($"unary Extract of new images, with batches of up to {Batch} and without; p50 and p99 in ms");
        Console.WriteLine($"{"callers",8} {"on, img/s",10} {"off",6} {"ratio",6} {"p50 on",8} {"off",6} {"p99 on",8} {"off",6} {"calls",6}");
        List<Figure> figures = [];
        foreach (var count in callers)
        {
            List<MissLoad> with = [], without = [];
            foreach (var (service, loads) in new[] { (on, with), (off, without), (off, without), (on, with) })
            {
                loads.Add(await MissLoad.RunAsync(service.Client, images, count, seconds));
            }

            var (batched, single) = (MissLoad.Sum(with), MissLoad.Sum(without));
            Console.WriteLine(
                $"{count,8} {batched.ImagesASecond,10:F1} {single.ImagesASecond,6:F1} {batched.ImagesASecond / single.ImagesASecond,6:F2} "
                + $"{batched.Percentile(50),8:F0} {single.Percentile(50),6:F0} {batched.Percentile(99),8:F0} {single.Percentile(99),6:F0} {batched.Latencies.Length,6}");
            if (count == 1)
            {
                figures.Add(new("batching_1", batched.ImagesASecond, "images/s", single.ImagesASecond, "one caller; limit: the same without batches"));
            }
            else if (count == FigureAt)
            {
                figures.Add(new("batching_16", batched.ImagesASecond, "images/s", single.ImagesASecond, "Extract of new images, 16 at a time, batches of up to 8; limit: without batches; more than 1 is demanded"));
                figures.Add(new("batching_16_p99", batched.Percentile(99), "ms", single.Percentile(99), "their 99th percentile; limit: without batches; less than 1 is better"));
            }
        }

        Figure.Print(figures);
        return 0;
    }
}
