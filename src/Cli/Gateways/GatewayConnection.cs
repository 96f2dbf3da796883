using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary>Where the Gateway is, what proves that it is the one, and what proves to it who asks. Empty: nothing.</summary>
internal sealed record GatewayConnection(Uri Address)
{
    /// <summary>What the services note as who did it.</summary>
    public string User { get; init; } = Environment.UserName;

    public string ApiKey { get; init; } = "";

    /// <summary>A JWT.</summary>
    public string Token { get; init; } = "";

    /// <summary>PEM files.</summary>
    public string Ca { get; init; } = "";

    public string Certificate { get; init; } = "";

    public string CertificateKey { get; init; } = "";

    private bool IsPlaintext => Address.Scheme == Uri.UriSchemeHttp;

    /// <returns>What the person has to change; null: nothing.</returns>
    public string? Problem(bool allowPlaintext)
    {
        if (ApiKey.Length > 0 && Token.Length > 0) return "A key and a token are given (--api-key, TOPFIVE_API_KEY; --token, TOPFIVE_TOKEN): the Gateway wants one of them.";
        if ((ApiKey + Token).Any(c => c is <= ' ' or > '~')) return "The key or token has a character in it that none has: was it copied whole, and without quotes?";
        if ((ApiKey + Token).Length > 0 && IsPlaintext && !Address.IsLoopback && !allowPlaintext)
        {
            return $"The key or token would be readable on its way to {Address}: use https://, or --allow-plaintext where something else encrypts.";
        }

        if (IsPlaintext && (Ca + Certificate + CertificateKey).Length > 0 && !Address.IsLoopback) return $"A CA or a certificate is given, and {Address} is called without TLS: use https://.";
        return ClientTls.Problem(Ca, Certificate, CertificateKey) is { } problem ? $"--ca-file, --client-certificate, --client-key: {problem}" : null;
    }

    public GrpcChannel Open()
    {
        var options = new GrpcChannelOptions { MaxReceiveMessageSize = 64 << 20 };
        if (!IsPlaintext)
        {
            options.HttpHandler = new SocketsHttpHandler
            {
                EnableMultipleHttp2Connections = true,
                SslOptions = new ClientTls(Ca, Certificate, CertificateKey, NullLogger.Instance).Handshake(),
            };
            options.DisposeHttpClient = true;
        }

        return GrpcChannel.ForAddress(Address, options);
    }
}
