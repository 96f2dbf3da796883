using System.Diagnostics;

namespace Topfive.Bench;

/// <summary>New images without a pause: does the service slow down or grow?</summary>
internal static class SoakBench
{
    private const int Callers = 24;
    private const int Periods = 12;
    private const double MostGrowth = 1.05;

    public static async Task<int> RunAsync(double minutes)
    {
        var images = await NewImages.MakeAsync();
        await using var store = await BenchStore.StartAsync();
        await using var service = await MissService.StartAsync(store.ConnectionString, images, warmUpSeconds: 10 * minutes);
        List<(double ImagesASecond, double Rss)> periods = [];
        var began = Stopwatch.GetTimestamp();
        Console.WriteLine($"{minutes:G3} minutes of new images, {Callers} at a time, with {store.Name}");
        Console.WriteLine($"{"minute",7} {"images/s",9} {"RSS, MB",8}");
        for (var period = 0; period < Periods; period++)
        {
            var load = await MissLoad.RunAsync(service.Client, images, Callers, 60 * minutes / Periods);
            periods.Add((load.ImagesASecond, service.Rss));
            Console.WriteLine($"{Stopwatch.GetElapsedTime(began).TotalMinutes,7:F1} {periods[^1].ImagesASecond,9:F2} {periods[^1].Rss,8:F0}");
        }

        var (first, last) = (periods[..(Periods / 3)], periods[^(Periods / 3)..]);
        Figure.Print(
        [
            new("soak_throughput", last.Average(period => period.ImagesASecond), "images/s", first.Average(period => period.ImagesASecond),
                "the last third of the time; limit: the first third; 0.97 is demanded"),
            new("soak_memory", last.Average(period => period.Rss), "MB", MostGrowth * first.Average(period => period.Rss),
                $"resident memory of the service in the last third; limit: {MostGrowth} of the first third's, and not more"),
        ]);
        return 0;
    }
}
