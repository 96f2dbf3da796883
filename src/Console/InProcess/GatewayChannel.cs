using Grpc.Net.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.Consoles;

/// <summary>The console's connection to the Gateway that serves it.</summary>
internal sealed class GatewayChannel : IDisposable
{
    public GatewayChannel(InProcessTransport transport, IOptions<LimitOptions> limits, IHostApplicationLifetime lifetime)
    {
        Channel = Connect(transport, limits.Value);
        // A page that watches a run must not keep the Gateway from stopping.
        lifetime.ApplicationStopping.Register(Channel.Dispose);
    }

    public GrpcChannel Channel { get; }

    public void Dispose() => Channel.Dispose();

    private static GrpcChannel Connect(InProcessTransport transport, LimitOptions limits) => GrpcChannel.ForAddress("http://in-process", new GrpcChannelOptions
    {
        HttpHandler = new SocketsHttpHandler
        {
            ConnectCallback = (_, cancellation) => transport.ConnectAsync(cancellation),
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
            // A call of the console is no caller of its own: the browser's action is.
            ActivityHeadersPropagator = null,
        },
        DisposeHttpClient = true,
        MaxSendMessageSize = limits.MaxMessageBytes,
        MaxReceiveMessageSize = null,
    });
}
