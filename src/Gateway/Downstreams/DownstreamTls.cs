using Microsoft.Extensions.Options;
using Topfive.Client;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>Connections to the services behind, by TLS where <see cref="ServicesOptions.Tls"/> says so.</summary>
internal sealed class DownstreamTls(IOptions<ServicesOptions> options, ILogger<DownstreamTls> log)
{
    private readonly ClientTls _tls = new(options.Value.Ca, options.Value.Certificate, options.Value.CertificateKey, log);

    /// <summary>One for each channel.</summary>
    public SocketsHttpHandler Handler() => new()
    {
        EnableMultipleHttp2Connections = true,
        ConnectTimeout = TimeSpan.FromSeconds(2),
        KeepAlivePingDelay = TimeSpan.FromSeconds(10),
        KeepAlivePingTimeout = TimeSpan.FromSeconds(5),
        SslOptions = _tls.Handshake(),
    };
}
