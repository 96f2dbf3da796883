using System.Diagnostics;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>Seconds from a process' start until its health says that it serves, of each service.</summary>
internal static class StartBench
{
    private const double Demanded = 1;

    /// <param name="rounds">The middle one counts: files are in the system's cache from the second on.</param>
    /// <param name="published">The folder of a FeatureService as it is published, compiled ahead; null: as this build has it.</param>
    public static async Task<int> RunAsync(int rounds, string? published)
    {
        var model = await TestBackbone.ModelAsync();
        await using var store = await BenchStore.StartAsync();
        var program = published is null ? "Topfive.FeatureService" : Path.GetFullPath(Path.Combine(published, "Topfive.FeatureService"));
        var features = await MeasureAsync(program, rounds, new() { ["Store__ConnectionString"] = store.ConnectionString, ["Backbone__Model"] = model });
        var classifier = await MeasureAsync("Topfive.ClassifierService", rounds, new() { ["Store__ConnectionString"] = store.ConnectionString });
        Figure.Print(
        [
            new("start_seconds", features, "s", Demanded, "FeatureService, from the process' start until it has verified the backbone and serves; limit: what is demanded"),
            new("start_classifier", classifier, "s", null, "ClassifierService, the same"),
        ]);
        return 0;
    }

    private static async Task<double> MeasureAsync(string program, int rounds, Dictionary<string, string?> settings)
    {
        (settings["Listen__GrpcPort"], settings["Listen__HttpPort"]) = ("0", "0");
        List<double> starts = [];
        for (var round = 0; round < rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await using var process = await ServiceProcess.StartAsync(program, [], ServiceProcess.NowListening, settings);
            await process.ServingAsync();
            starts.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return starts.Order().ElementAt(rounds / 2);
    }
}
