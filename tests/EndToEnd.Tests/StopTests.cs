using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>Each service as a program of its own, told to end.</summary>
public sealed class StopTests
{
    [Theory]
    [InlineData("Gateway")]
    [InlineData("ClassifierService")]
    [InlineData("FeatureService")]
    public async Task A_service_that_is_told_to_end_does_so_with_exit_code_0_and_without_a_complaint(string service)
    {
        using var directory = new TempDirectory();
        await using var process = await ServiceProcess.StartAsync($"Topfive.{service}", [], ServiceProcess.NowListening, new Dictionary<string, string?>
        {
            ["Listen__GrpcPort"] = "0",
            ["Listen__HttpPort"] = "0",
            ["Store__DataDirectory"] = directory.Path,
            ["Backbone__Model"] = await TestBackbone.ModelAsync(),
        });

        var (exitCode, errors) = await process.StopAsync();

        Assert.Equal("", errors);
        Assert.Equal(0, exitCode);
    }
}
