using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Topfive.Client;

/// <summary>The connection to the Gateway: by TLS, over several addresses, and with retries, as the options say.</summary>
internal static class GatewayChannel
{
    /// <summary>An image of the largest size that services take by default, and something.</summary>
    private const int LargestMessage = 64 << 20;

    /// <summary>How often a name is resolved again while all is well; when an address goes away, that happens at once.</summary>
    private static readonly TimeSpan NewAddressesAreFound = TimeSpan.FromSeconds(10);

    /// <exception cref="ArgumentException">The options are wrong; the message says what has to be changed.</exception>
    public static GrpcChannel Open(TopfiveClientOptions options, ILoggerFactory? log)
    {
        var problem = OptionsRule.Problem(options, OptionNames.OfCode);
        if (problem is not null || !GatewayAddress.TryParse(options, out var address)) throw new ArgumentException(problem, nameof(options));

        var service = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
        if (RetryRule.Of(options) is { } retries) service.MethodConfigs.Add(retries);
        return GrpcChannel.ForAddress(address.Target, new GrpcChannelOptions
        {
            Credentials = address.IsTls ? ChannelCredentials.SecureSsl : ChannelCredentials.Insecure,
            // The rule above has seen to it that no secret leaves this machine unread.
            UnsafeUseInsecureChannelCallCredentials = true,
            HttpHandler = Handler(options, address, log),
            DisposeHttpClient = true,
            LoggerFactory = log,
            ServiceProvider = new Resolvers(address),
            ServiceConfig = service,
            // A Gateway that comes back takes its share again this soon.
            InitialReconnectBackoff = TimeSpan.FromMilliseconds(200),
            MaxReconnectBackoff = TimeSpan.FromSeconds(2),
            MaxReceiveMessageSize = LargestMessage,
            // A call with an image is tried again too.
            MaxRetryBufferPerCallSize = LargestMessage,
            MaxRetryBufferSize = 4 * LargestMessage,
        });
    }

    private static SocketsHttpHandler Handler(TopfiveClientOptions options, GatewayAddress address, ILoggerFactory? log)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // A connection that is gone without a word is noticed.
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
        };
        if (address.IsTls)
        {
            var files = new ClientTls(
                options.CaFile, options.ClientCertificateFile, options.ClientKeyFile, log?.CreateLogger("Topfive.Client") ?? NullLogger.Instance);
            handler.SslOptions = files.Handshake();
        }

        return handler;
    }

    /// <summary>What gRPC asks for by type.</summary>
    private sealed class Resolvers(GatewayAddress address) : IServiceProvider
    {
        private readonly ResolverFactory[] _known =
            [new DnsResolverFactory(NewAddressesAreFound), new StaticResolverFactory(_ => address.Listed)];

        public object? GetService(Type serviceType) => serviceType == typeof(IEnumerable<ResolverFactory>) ? _known : null;
    }
}
