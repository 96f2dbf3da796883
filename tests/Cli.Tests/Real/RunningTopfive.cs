using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>The real services and the real backbone in this process, started once for the tests that share it.</summary>
public sealed class RunningTopfive : IAsyncLifetime
{
    private readonly TempDirectory _data = new();

    public TopfiveProcess Process { get; private set; } = null!;

    public string DataDirectory => _data.Path;

    public async ValueTask InitializeAsync()
    {
        var options = new TopfiveOptions { ModelPath = await TestBackbone.ModelAsync(), DataDirectory = _data.Path, Port = 0 };
        Process = await Startup.StartAsync(options, Terminal.Plain(TextWriter.Null, TextWriter.Null), CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _data.Dispose();
    }

    internal async Task<string> SucceedAsync(params string[] args)
    {
        var outcome = await CommandLine.RunAsync([.. args, "--gateway", Process.GatewayAddress.ToString()]);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', args)} ended with {outcome.ExitCode}: {outcome.Errors}");
        return outcome.Output;
    }
}

[CollectionDefinition]
public sealed class SharedTopfive : ICollectionFixture<RunningTopfive>;
