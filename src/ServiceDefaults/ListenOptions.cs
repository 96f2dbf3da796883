using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Topfive.ServiceDefaults;

/// <summary>Where a service listens: configuration section <c>Listen</c>.</summary>
public sealed class ListenOptions : IValidatableObject
{
    public const string Section = "Listen";

    /// <summary>An IP address; loopback unless told, and another only with TLS or <see cref="SecurityOptions.AllowPlaintext"/>.</summary>
    [Required]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>gRPC over HTTP/2, by TLS where <see cref="SecurityOptions.Certificate"/> is set; 0: any free port.</summary>
    [Range(0, 65535)]
    public int GrpcPort { get; set; }

    /// <summary>HTTP/1.1, for health and metrics; 0: any free port.</summary>
    [Range(0, 65535)]
    public int HttpPort { get; set; }

    /// <summary>
    /// Seconds between the word to stop, from which on health says NOT_SERVING, and the closing of the port: as long as balancers need to notice.
    /// Everything is answered meanwhile.
    /// </summary>
    [Range(0.0, 3600.0)]
    public double DrainSeconds { get; set; }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(Address, out _))
        {
            yield return new ValidationResult($"'{Address}' is no IP address, such as 127.0.0.1 or 0.0.0.0", [nameof(Address)]);
        }
    }
}
