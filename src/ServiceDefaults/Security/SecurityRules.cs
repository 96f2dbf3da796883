using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Topfive.Client;

namespace Topfive.ServiceDefaults;

/// <summary>
/// What stops the start: a setting that nobody reads, a file that is no certificate, and an address that other machines
/// reach without TLS.
/// </summary>
internal sealed class SecurityRules(IConfiguration configuration) : IValidateOptions<SecurityOptions>
{
    /// <summary>The Gateway's, which reads them itself.</summary>
    private static readonly string[] OfCallers = ["ApiKeys", "Jwt"];

    private static readonly string[] Known =
    [
        nameof(SecurityOptions.Certificate), nameof(SecurityOptions.CertificateKey), nameof(SecurityOptions.ClientCa),
        nameof(SecurityOptions.ClientNames), nameof(SecurityOptions.AllowPlaintext), nameof(SecurityOptions.Reflection),
        nameof(SecurityOptions.Metrics), .. OfCallers,
    ];

    public ValidateOptionsResult Validate(string? name, SecurityOptions options)
    {
        string[] failures = [.. UnknownSettings(), .. Files(options), .. Addresses(options)];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>Of a misspelt setting the protection that it was to switch on would be missing, and nobody would know.</summary>
    private IEnumerable<string> UnknownSettings() => configuration.GetSection(SecurityOptions.Section).GetChildren()
        .Where(setting => !Known.Contains(setting.Key, StringComparer.OrdinalIgnoreCase))
        .Select(setting => $"there is no Security__{setting.Key}; there are {string.Join(", ", Known.Select(known => $"Security__{known}"))}");

    private static IEnumerable<string> Files(SecurityOptions options)
    {
        if (options.Certificate.Length > 0 != options.CertificateKey.Length > 0)
        {
            yield return "Security__Certificate and Security__CertificateKey belong together: set both or none";
        }
        else if (options.Certificate.Length > 0 && PemFiles.Problem(() => PemFiles.ReadIdentity(options.Certificate, options.CertificateKey)) is { } wrong)
        {
            yield return $"Security__Certificate and Security__CertificateKey: {wrong}";
        }

        if (options.ClientCa.Length > 0 && options.Certificate.Length == 0)
        {
            yield return "Security__ClientCa asks callers for certificates, which needs TLS: set Security__Certificate and Security__CertificateKey as well";
        }
        else if (options.ClientCa.Length > 0 && PemFiles.Problem(() => PemFiles.ReadCa(options.ClientCa)) is { } wrongCa)
        {
            yield return $"Security__ClientCa: {wrongCa}";
        }

        if (options.AllowedClientNames.Length > 0 && options.ClientCa.Length == 0)
        {
            yield return "Security__ClientNames says whose certificates are let in, and Security__ClientCa, which asks for them, is not set";
        }
    }

    private IEnumerable<string> Addresses(SecurityOptions options)
    {
        // Another than an IP address is ListenOptions' to refuse.
        if (options is { Certificate: "", AllowPlaintext: false }
            && IPAddress.TryParse(configuration[$"{ListenOptions.Section}:{nameof(ListenOptions.Address)}"], out var address)
            && !IPAddress.IsLoopback(address))
        {
            yield return $"Listen__Address is {address}, which other machines reach, and everything would be readable on its way: set Security__Certificate and "
                + "Security__CertificateKey, or Security__AllowPlaintext=true where something else encrypts, or leave Listen__Address at 127.0.0.1";
        }

        // Kestrel would listen there, too, with none of this.
        if (configuration.GetSection("Kestrel:Endpoints").GetChildren().FirstOrDefault() is { } endpoint)
        {
            yield return $"Kestrel__Endpoints__{endpoint.Key} is not allowed: where a service listens is said by Listen__Address, Listen__GrpcPort and Listen__HttpPort";
        }
    }
}
