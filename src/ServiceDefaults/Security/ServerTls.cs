using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Topfive.Client;
using KestrelEndpoint = Microsoft.AspNetCore.Server.Kestrel.Core.ListenOptions;

namespace Topfive.ServiceDefaults;

/// <summary>The service's own certificate on its ports, and whom it lets in by theirs.</summary>
internal sealed class ServerTls(IOptions<SecurityOptions> options, ILogger<ServerTls> log)
{
    private readonly SecurityOptions _options = options.Value;

    /// <summary>Callers must show a certificate where <see cref="SecurityOptions.ClientCa"/> says so.</summary>
    public void ProtectGrpc(KestrelEndpoint endpoint) => Protect(endpoint, _options.ClientCa);

    /// <summary>No caller has to: a kubelet has no certificate.</summary>
    public void ProtectHttp(KestrelEndpoint endpoint) => Protect(endpoint, clientCa: "");

    private void Protect(KestrelEndpoint endpoint, string clientCa)
    {
        if (_options.Certificate.Length == 0) return;

        string[] files = clientCa.Length > 0 ? [_options.Certificate, _options.CertificateKey, clientCa] : [_options.Certificate, _options.CertificateKey];
        var handshake = new FromFiles<SslServerAuthenticationOptions>(files, () => ReadHandshake(clientCa), log);
        endpoint.UseHttps(new TlsHandshakeCallbackOptions { OnConnection = _ => ValueTask.FromResult(handshake.Value) });
    }

    private SslServerAuthenticationOptions ReadHandshake(string clientCa)
    {
        var identity = PemFiles.ReadIdentity(_options.Certificate, _options.CertificateKey);
        var handshake = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(identity.Certificate, identity.Chain, offline: true),
        };
        if (clientCa.Length > 0)
        {
            handshake.ClientCertificateRequired = true;
            handshake.CertificateChainPolicy = PemFiles.ReadCa(clientCa).Policy();
            handshake.RemoteCertificateValidationCallback = IsLetIn;
        }

        return handshake;
    }

    private bool IsLetIn(object sender, X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors != SslPolicyErrors.None || shown is not X509Certificate2 certificate)
        {
            log.LogWarning("a caller was turned away at the door, its certificate {Subject}: {Problem}", shown?.Subject ?? "missing",
                string.Join("; ", (chain?.ChainStatus ?? []).Select(status => status.StatusInformation).DefaultIfEmpty($"{errors}")));
            return false;
        }

        var names = _options.AllowedClientNames;
        if (names.Length > 0 && !names.Any(name => certificate.MatchesHostname(name)))
        {
            log.LogWarning("a caller was turned away at the door: its certificate {Subject} is of none of Security__ClientNames ({Names})", certificate.Subject, _options.ClientNames);
            return false;
        }

        return true;
    }
}
