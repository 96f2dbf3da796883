using System.CommandLine;
using Grpc.Core;

namespace Topfive.Cli;

/// <summary>A command that asks the Gateway.</summary>
internal abstract class GatewayCommand : Command
{
    private readonly Option<Uri> _address = new("--gateway")
    {
        Description = "Address of the Gateway",
        DefaultValueFactory = _ => new Uri("http://localhost:8080"),
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https")
            {
                return address;
            }

            result.AddError($"--gateway must be an address like http://localhost:8080; it is {text}.");
            return null;
        },
    };

    private readonly Option<string> _user = new("--user")
    {
        Description = "What the services note as who did it; nobody checks it",
        DefaultValueFactory = _ => Environment.UserName,
    };

    protected GatewayCommand(string name, string description, Terminal terminal) : base(name, description)
    {
        Terminal = terminal;
        Options.Add(_address);
        Options.Add(_user);
        SetAction(ConnectAndRunAsync);
    }

    protected Terminal Terminal { get; }

    /// <returns>The exit code.</returns>
    protected abstract Task<int> RunAsync(ParseResult parsed, GatewayClient gateway, CancellationToken cancellation);

    private async Task<int> ConnectAndRunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var address = parsed.GetRequiredValue(_address);
        using var gateway = GatewayClient.Connect(address, parsed.GetRequiredValue(_user));
        try
        {
            return await RunAsync(parsed, gateway, cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (RpcException failure) when (RpcMessage.IsUnreachable(failure))
        {
            throw new CommandFailure(
                $"UNAVAILABLE: nothing answers at {address}. `topfive up` starts everything on this machine; --gateway names another address.", failure);
        }
    }
}
