using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Topfive.Client;

/// <summary>How this process calls another by TLS: whom it believes, and by what it shows who it is.</summary>
/// <param name="ca">PEM file of the CAs to believe, and no others; empty: those that the system believes.</param>
/// <param name="certificate">PEM file of a certificate to show; empty: none.</param>
/// <param name="key">PEM file of its private key.</param>
/// <param name="log">Hears when a file changes.</param>
internal sealed class ClientTls(string ca, string certificate, string key, ILogger log)
{
    private readonly FromFiles<CaCertificates>? _ca = ca.Length > 0 ? new([ca], () => PemFiles.ReadCa(ca), log) : null;

    private readonly FromFiles<Identity>? _identity =
        certificate.Length > 0 ? new([certificate, key], () => PemFiles.ReadIdentity(certificate, key), log) : null;

    /// <summary>What is wrong with the files, for the person who named them; null: nothing.</summary>
    public static string? Problem(string ca, string certificate, string key) =>
        certificate.Length > 0 != key.Length > 0 ? "a certificate and its private key belong together: set both or none"
        : ca.Length > 0 && PemFiles.Problem(() => PemFiles.ReadCa(ca)) is { } wrongCa ? wrongCa
        : certificate.Length > 0 ? PemFiles.Problem(() => PemFiles.ReadIdentity(certificate, key))
        : null;

    /// <summary>For one handler; every new connection looks at the files.</summary>
    public SslClientAuthenticationOptions Handshake()
    {
        var handshake = new SslClientAuthenticationOptions();
        if (_ca is not null) handshake.RemoteCertificateValidationCallback = IsBelieved;
        if (_identity is not null) handshake.LocalCertificateSelectionCallback = (_, _, _, _, _) => _identity.Value.Certificate;
        return handshake;
    }

    private bool IsBelieved(object sender, X509Certificate? shown, X509Chain? sent, SslPolicyErrors errors)
    {
        if (shown is not X509Certificate2 server || (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) != SslPolicyErrors.None) return false;

        using var chain = new X509Chain { ChainPolicy = _ca!.Value.Policy() };
        chain.ChainPolicy.ApplicationPolicy.Add(new System.Security.Cryptography.Oid("1.3.6.1.5.5.7.3.1")); // it may be a server
        if (sent is not null) chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        return chain.Build(server);
    }
}
