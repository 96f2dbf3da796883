using System.Diagnostics;
using Topfive.FeatureService;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// Seconds from a process' start: until FeatureService has loaded, warmed up and verified the backbone, which it logs, and until health says so to a caller who
/// asks every 20 ms, whose calls are compiled and answered on the same cores meanwhile.
/// </summary>
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
        using var directory = new TempDirectory();
        Dictionary<string, string?> ofFeatures = new()
        {
            ["Store__ConnectionString"] = store.ConnectionString,
            ["Backbone__Model"] = model,
            ["Backbone__PreparedDirectory"] = directory.Path,
        };
        new PreparedGraph(model, directory.Path).Make();
        var ready = await MeasureAsync(program, rounds, ofFeatures, ReadyAsync);
        var features = await MeasureAsync(program, rounds, ofFeatures, process => process.ServingAsync());
        ofFeatures["Backbone__Prepare"] = "false";
        var unprepared = await MeasureAsync(program, rounds, ofFeatures, ReadyAsync);
        var classifier = await MeasureAsync("Topfive.ClassifierService", rounds, new() { ["Store__ConnectionString"] = store.ConnectionString }, process => process.ServingAsync());
        Figure.Print(
        [
            new("start_seconds", ready, "s", Demanded, "FeatureService, from the process' start until the backbone is loaded, warmed up and verified; limit: what is demanded"),
            new("start_unprepared", unprepared, "s", null, "the same without a prepared graph"),
            new("start_serving", features, "s", Demanded, "FeatureService, until health says so by gRPC; limit: the same"),
            new("start_classifier", classifier, "s", null, "ClassifierService, until health says so by gRPC"),
        ]);
        return 0;
    }

    private static async Task ReadyAsync(ServiceProcess process)
    {
        while (!process.Output.Any(line => line.Contains("is ready on", StringComparison.Ordinal))) await Task.Delay(5);
    }

    private static async Task<double> MeasureAsync(string program, int rounds, Dictionary<string, string?> settings, Func<ServiceProcess, Task> until)
    {
        (settings["Listen__GrpcPort"], settings["Listen__HttpPort"]) = ("0", "0");
        List<double> starts = [];
        for (var round = 0; round < rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            await using var process = await ServiceProcess.StartAsync(program, [], ServiceProcess.NowListening, settings);
            await until(process);
            starts.Add(Stopwatch.GetElapsedTime(began).TotalSeconds);
        }

        return starts.Order().ElementAt(rounds / 2);
    }
}
