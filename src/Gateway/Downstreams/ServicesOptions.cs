using System.ComponentModel.DataAnnotations;
using Topfive.Client;
using Topfive.ServiceDefaults;

namespace Topfive.Gateway;

/// <summary>The services behind the Gateway: configuration section <c>Services</c>.</summary>
public sealed class ServicesOptions : IValidatableObject
{
    public const string Section = "Services";

    /// <summary>
    /// <c>dns:///name:port</c> (every address behind the name takes its share) or <c>http://host:port</c>, also several of the
    /// latter with commas between them (each takes its share). <c>https://</c> where <see cref="Tls"/> is on.
    /// </summary>
    [Required, RegularExpression(
        "^(dns:///[^,]+:[0-9]+/?|https?://[^,]+:[0-9]+/?(,https?://[^,]+:[0-9]+/?)*)$",
        ErrorMessage = "Services:Features must be dns:///name:port or http://host:port, or several of the latter with commas between them.")]
    public string Features { get; set; } = "dns:///localhost:8081";

    /// <summary>As <see cref="Features"/>.</summary>
    [Required, RegularExpression(
        "^(dns:///[^,]+:[0-9]+/?|https?://[^,]+:[0-9]+/?(,https?://[^,]+:[0-9]+/?)*)$",
        ErrorMessage = "Services:Classifier must be dns:///name:port or http://host:port, or several of the latter with commas between them.")]
    public string Classifier { get; set; } = "dns:///localhost:8082";

    /// <summary>Deadline in seconds of a call to a downstream when the caller gave none; bulk work and streams have none.</summary>
    [Range(1, 3600)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Items of one stream that are under way at the same time; the stream's sender waits beyond.</summary>
    [Range(1, 1024)]
    public int ItemsInFlight { get; set; } = 64;

    /// <summary>True: the services are called by TLS; their certificates must be of the names in <see cref="Features"/> and <see cref="Classifier"/>.</summary>
    public bool Tls { get; set; }

    /// <summary>PEM file of the CAs that signed the services' certificates; empty: those that the system believes.</summary>
    public string Ca { get; set; } = "";

    /// <summary>PEM file of the certificate that the Gateway shows to services that ask for one (Security__ClientCa there); empty: none.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file of its private key.</summary>
    public string CertificateKey { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var otherScheme = Tls ? "http://" : "https://";
        foreach (var (name, addresses) in new[] { (nameof(Features), Features), (nameof(Classifier), Classifier) })
        {
            if (addresses.Contains(otherScheme, StringComparison.Ordinal))
            {
                yield return new ValidationResult(
                    $"Services__{name} is {addresses} and Services__Tls is {Tls.ToString().ToLowerInvariant()}: https:// goes with true, http:// with false, dns:/// with either", [name]);
            }
        }

        if (!Tls && (Ca + Certificate + CertificateKey).Length > 0)
        {
            yield return new ValidationResult("Services__Ca, Services__Certificate and Services__CertificateKey are for TLS, which Services__Tls=true switches on", [nameof(Tls)]);
        }
        else if (ClientTls.Problem(Ca, Certificate, CertificateKey) is { } problem)
        {
            yield return new ValidationResult($"Services__Ca, Services__Certificate, Services__CertificateKey: {problem}", [nameof(Ca)]);
        }
    }
}
