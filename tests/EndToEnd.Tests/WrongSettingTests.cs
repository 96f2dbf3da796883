using System.Diagnostics;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Each service as a program of its own, with a setting that cannot work.</summary>
public sealed class WrongSettingTests
{
    [Theory]
    [InlineData("Gateway", "Services__Features", "somewhere", "Services", "dns:///name:port")]
    [InlineData("Gateway", "Listen__Address", "nowhere", "Listen", "'nowhere' is no IP address")]
    [InlineData("ClassifierService", "Listen__GrpcPort", "70000", "Listen", "between 0 and 65535")]
    [InlineData("ClassifierService", "Training__QueueCapacity", "many", "Training:QueueCapacity", "many")]
    [InlineData("FeatureService", "Batching__MaxBatchSize", "0", "Batching", "between 1 and 256")]
    [InlineData("FeatureService", "Store__DiskReserve", "0", "Store", "at least 25,165,824 bytes")]
    [InlineData("FeatureService", "Backbone__Device", "tpu", "Backbone", "auto, cpu, cuda (all GPUs), cuda:N")]
    public async Task A_wrong_setting_stops_the_start_with_its_name_and_what_is_allowed(
        string service, string setting, string value, string name, string allowed)
    {
        using var directory = new TempDirectory();
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, $"Topfive.{service}.dll")])
        {
            WorkingDirectory = directory.Path,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        start.Environment["Listen__HttpPort"] = "0";
        start.Environment["Listen__GrpcPort"] = "0";
        start.Environment[setting] = value;

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));

        Assert.Equal(1, process.ExitCode);
        Assert.Contains(name, await errors, StringComparison.Ordinal);
        Assert.Contains(allowed, await errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", await errors + await output, StringComparison.Ordinal);
    }
}
