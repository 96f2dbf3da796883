using System.CommandLine;
using System.CommandLine.Completions;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>A command that asks the Gateway.</summary>
internal abstract class GatewayCommand : Command
{
    private readonly ConnectionOptions _connection = new();
    private readonly Option<bool> _json = new("--json") { Description = "Write results as JSON, one document a line; what else there is to say goes to standard error" };
    private readonly Terminal _terminal;

    protected GatewayCommand(string name, string description, Terminal terminal) : base(name, description)
    {
        Terminal = _terminal = terminal;
        Options.Add(_json);
        _connection.AddTo(this);
        SetAction(ConnectAndRunAsync);
    }

    /// <summary>For people: with --json its words go to standard error.</summary>
    protected Terminal Terminal { get; private set; }

    protected bool IsJson(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>A result for a program: a line of its own.</summary>
    protected void WriteJson(string line) => _terminal.Out.Profile.Out.Writer.WriteLine(line);

    /// <summary>The same of messages, each a line.</summary>
    protected int WriteJson(params IEnumerable<IMessage> messages)
    {
        foreach (var message in messages) WriteJson(ProtoJson.Line(message));
        return 0;
    }

    /// <summary>A shell completes it by names that the Gateway knows, where it answers at once.</summary>
    protected void CompleteWith(List<Func<CompletionContext, IEnumerable<CompletionItem>>> sources, Func<TopfiveClient, Task<IEnumerable<string>>> names) =>
        sources.Add(context => KnownNames.Of(_connection, context.ParseResult, names));

    /// <returns>The exit code.</returns>
    protected abstract Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation);

    private async Task<int> ConnectAndRunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var connection = _connection.Read(parsed);
        if (IsJson(parsed)) Terminal = _terminal.WithoutResults();
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
