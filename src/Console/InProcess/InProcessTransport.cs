using System.IO.Pipelines;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace Topfive.Consoles;

/// <summary>
/// Kestrel's transport for <see cref="InProcessEndPoint"/>: connections are two pipes. What comes this way goes through everything that
/// stands before a method, the gate that asks for keys above all, as what comes through the port does.
/// </summary>
internal sealed class InProcessTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    private const int WaitingConnections = 16;

    private readonly Channel<ConnectionContext> _connections = Channel.CreateBounded<ConnectionContext>(WaitingConnections);
    private int _lastId;

    public bool CanBind(EndPoint endpoint) => endpoint is InProcessEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new(new Listener(endpoint, _connections));

    /// <summary>The caller's side of a new connection.</summary>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellation)
    {
        var (sent, received) = (new Pipe(), new Pipe());
        var id = $"in-process-{Interlocked.Increment(ref _lastId)}";
        var (server, client) = (new Ends(sent.Reader, received.Writer), new Ends(received.Reader, sent.Writer));
        await _connections.Writer.WriteAsync(new DefaultConnectionContext(id, server, client), cancellation);
        return new DuplexStream(client);
    }

    private sealed record Ends(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Listener(EndPoint endpoint, Channel<ConnectionContext> connections) : IConnectionListener
    {
        public EndPoint EndPoint => endpoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await connections.Reader.WaitToReadAsync(cancellationToken) && connections.Reader.TryRead(out var connection) ? connection : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            connections.Writer.TryComplete();
            return default;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
