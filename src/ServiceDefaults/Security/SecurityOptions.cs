using System.ComponentModel.DataAnnotations;

namespace Topfive.ServiceDefaults;

/// <summary>How a service is protected: configuration section <c>Security</c>. Files are PEM, and read again when they change.</summary>
public sealed class SecurityOptions
{
    public const string Section = "Security";

    /// <summary>
    /// The service's certificate, and after it those between it and its CA. With it both ports speak TLS. Empty: plaintext.
    /// </summary>
    public string Certificate { get; set; } = "";

    /// <summary>The private key of <see cref="Certificate"/>.</summary>
    public string CertificateKey { get; set; } = "";

    /// <summary>
    /// CA certificates: whoever calls by gRPC must show a certificate that one of them signed. The HTTP port asks for none:
    /// there is then nothing but health and metrics on it. Empty: any caller may connect.
    /// </summary>
    public string ClientCa { get; set; } = "";

    /// <summary>
    /// DNS names with commas between them: a caller's certificate must be of one of them. Empty: every certificate of <see cref="ClientCa"/> will do.
    /// </summary>
    public string ClientNames { get; set; } = "";

    /// <summary>True: plaintext on an address that other machines reach, for where something else encrypts.</summary>
    public bool AllowPlaintext { get; set; }

    /// <summary>Server reflection, by which clients learn the services: open or closed.</summary>
    [RegularExpression("open|closed", ErrorMessage = "Security__Reflection is open or closed")]
    public string Reflection { get; set; } = "open";

    /// <summary>/metrics on the HTTP port: open or closed.</summary>
    [RegularExpression("open|closed", ErrorMessage = "Security__Metrics is open or closed")]
    public string Metrics { get; set; } = "open";

    internal string[] AllowedClientNames => ClientNames.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
