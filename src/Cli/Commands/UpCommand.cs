using System.CommandLine;

namespace Topfive.Cli;

/// <summary><c>topfive up</c>: the three services and the embedded store in one process, until Ctrl-C.</summary>
internal sealed class UpCommand : Command
{
    private readonly Terminal _terminal;
    private readonly HostingOptions _hosting = new();

    public UpCommand(Terminal terminal)
        : base("up", "Starts the three services and an embedded store in this process, until Ctrl-C.")
    {
        _terminal = terminal;
        _hosting.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = await _hosting.ReadAsync(parsed, _terminal, cancellation);
        await using var process = await Startup.StartAsync(options, _terminal, cancellation);
        _terminal.Say($"Everything is ready; Ctrl-C stops it.");
        var addresses = _terminal.Table("service", "gRPC", "HTTP (health)");
        addresses.Row("Gateway", $"{process.GatewayAddress}", $"{process.GatewayHttpAddress}healthz/ready");
        addresses.Row("FeatureService", $"{process.FeaturesAddress}", $"{process.FeaturesHttpAddress}healthz/ready");
        addresses.Row("ClassifierService", $"{process.ClassifierAddress}", $"{process.ClassifierHttpAddress}healthz/ready");
        addresses.Show();
        if (process.ConsoleAddress is { } console) _terminal.Say($"Console {console} for your browser");
        _terminal.Say($"Store {process.StoreConnectionString}, log {process.LogPath}");

        await WaitForEndAsync(process, cancellation);
        _terminal.Say($"Stopping.");
        return 0;
    }

    private static async Task WaitForEndAsync(TopfiveProcess process, CancellationToken cancellation)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellation, process.Stopped);
        try
        {
            await Task.Delay(Timeout.Infinite, end.Token);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C reaches the services and this command in no fixed order.
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation).ContinueWith(
                _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        if (!cancellation.IsCancellationRequested)
        {
            throw new CommandFailure($"A service stopped by itself; {process.LogPath} says why.");
        }
    }
}
