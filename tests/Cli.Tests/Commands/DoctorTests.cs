using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

public sealed class DoctorTests : IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public async Task A_machine_that_has_everything_is_told_so_and_the_exit_code_is_0()
    {
        await using var gateway = await FakeGateway.StartAsync();

        var outcome = await gateway.RunAsync("doctor", "--model", SmallBackbone.Write(_folder.File("small.onnx")), "--data", _folder.File("data"), "--port", "0");

        Assert.True(outcome.ExitCode == 0, outcome.Output);
        var checks = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("   ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(
            ["runtime", "processor", "gpu", "fonts", "npm", "model", "store", "disk", "ports", "gateway", "feature-service", "classifier-service"],
            checks.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]));
        Assert.All(checks, line => Assert.Matches("^(ok|warn) ", line));
        Assert.Contains("embedded, in", outcome.Output);
        Assert.False(Directory.Exists(_folder.File("data")));
    }

    [Fact]
    public async Task What_is_missing_is_named_with_what_mends_it_and_the_exit_code_is_1()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await File.WriteAllTextAsync(_folder.File("broken.onnx"), "no model");

        var outcome = await CommandLine.RunAsync(
        [
            "doctor", "--json", "--gateway", "http://127.0.0.1:1", "--model", _folder.File("broken.onnx"), "--data", _folder.File("data"), "--port", $"{port - (port > 60_000 ? 10 : 0)}",
        ]);

        Assert.Equal(1, outcome.ExitCode);
        var findings = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToDictionary(line => line.GetProperty("check").GetString()!);
        (string?, string?) Of(string check) => (findings[check].GetProperty("condition").GetString(), findings[check].GetProperty("mend").GetString());
        Assert.Equal(("missing", $"topfive backbone import --tfjs DIR --out {_folder.File("broken.onnx")}"), Of("model"));
        Assert.Equal(("missing", "stop what listens there, or topfive up --port N (0: any free ones)"), Of("ports"));
        Assert.Equal(("warn", "topfive up starts everything on this machine; --gateway names another address"), Of("gateway"));
        Assert.Equal(("ok", null), Of("runtime"));
        Assert.Contains($"{port}", findings["ports"].GetProperty("found").GetString());
        Assert.DoesNotContain("feature-service", findings.Keys);
    }

    public void Dispose() => _folder.Dispose();
}
