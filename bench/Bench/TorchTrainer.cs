using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Topfive.ClassifierService;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>The reference job on Debian's python3-torch, where the machine has it, on the very same vectors.</summary>
internal static class TorchTrainer
{
    private const string Python = "/usr/bin/python3";

    public static bool IsThere()
    {
        if (!File.Exists(Python)) return false;
        using var process = Process.Start(new ProcessStartInfo(Python, ["-c", "import torch, numpy"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    /// <returns>Seconds an epoch by batch size.</returns>
    public static async Task<Dictionary<int, double>> MeasureAsync(TrainingData data, float learningRate, double seconds, int threads, int[] batches)
    {
        using var directory = new TempDirectory();
        await using (var vectors = File.Create(directory.File("vectors")))
        await using (var labels = File.Create(directory.File("labels")))
        {
            foreach (var row in data.TrainingRows)
            {
                vectors.Write(MemoryMarshal.AsBytes(data.Row(row)));
                labels.Write(BitConverter.GetBytes(data.LabelIndexes[row]));
            }
        }

        string[] numbers = [.. new double[] { data.Dimensions, data.Labels.Count, learningRate, seconds, threads }.Concat(batches.Select(batch => (double)batch))
            .Select(number => number.ToString(CultureInfo.InvariantCulture))];
        var output = await Repository.RunAsync(
            directory.Path, Python, [Path.Combine(Repository.Root, "bench", "torch_train.py"), directory.File("vectors"), directory.File("labels"), .. numbers]);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(line => line.GetProperty("batch").GetInt32(), line => line.GetProperty("seconds").GetDouble());
    }
}
