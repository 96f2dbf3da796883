using System.CommandLine;
using Grpc.Core;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>A command that asks the Gateway.</summary>
internal abstract class GatewayCommand : Command
{
    private readonly ConnectionOptions _connection = new();

    protected GatewayCommand(string name, string description, Terminal terminal) : base(name, description)
    {
        Terminal = terminal;
        _connection.AddTo(this);
        SetAction(ConnectAndRunAsync);
    }

    protected Terminal Terminal { get; }

    /// <returns>The exit code.</returns>
    protected abstract Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation);

    private async Task<int> ConnectAndRunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var connection = _connection.Read(parsed);
        using var gateway = new TopfiveClient(connection);
        try
        {
            return await RunAsync(parsed, gateway, cancellation);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Cancelled && cancellation.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellation);
        }
        catch (RpcException failure) when (RpcMessage.Distrust(failure) is { } reason)
        {
            throw new CommandFailure($"{connection.Address} is not believed to be the Gateway: {reason} --ca-file names whom to believe.", failure);
        }
        catch (RpcException failure) when (!connection.Address.StartsWith(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase) && RpcMessage.IsNoHttp2(failure))
        {
            throw new CommandFailure($"{connection.Address} answers no gRPC in plaintext: if it speaks TLS, its address begins with https://.", failure);
        }
        catch (RpcException failure) when (RpcMessage.IsUnreachable(failure))
        {
            throw new CommandFailure(
                $"UNAVAILABLE: nothing answers at {connection.Address}. `topfive up` starts everything on this machine; --gateway names another address{(connection.Address.StartsWith(Uri.UriSchemeHttps, StringComparison.OrdinalIgnoreCase) ? ", --client-certificate what it may ask for" : "")}.", failure);
        }
    }
}
