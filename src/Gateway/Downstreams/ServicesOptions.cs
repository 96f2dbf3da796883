using System.ComponentModel.DataAnnotations;

namespace Topfive.Gateway;

/// <summary>The services behind the Gateway: configuration section <c>Services</c>.</summary>
public sealed class ServicesOptions
{
    public const string Section = "Services";

    /// <summary>
    /// <c>dns:///name:port</c> (every address behind the name takes its share) or <c>http://host:port</c>, also several of the
    /// latter with commas between them (each takes its share).
    /// </summary>
    [Required, RegularExpression(
        "^(dns:///[^,]+:[0-9]+/?|http://[^,]+:[0-9]+/?(,http://[^,]+:[0-9]+/?)*)$",
        ErrorMessage = "Services:Features must be dns:///name:port or http://host:port, or several of the latter with commas between them.")]
    public string Features { get; set; } = "dns:///localhost:8081";

    /// <summary>As <see cref="Features"/>, but one address: of a name that stands for several each takes its share.</summary>
    [Required, RegularExpression("^(dns:///|http://)[^,]+:[0-9]+/?$", ErrorMessage = "Services:Classifier must be dns:///name:port or http://host:port.")]
    public string Classifier { get; set; } = "dns:///localhost:8082";

    /// <summary>Deadline in seconds of a call to a downstream when the caller gave none.</summary>
    [Range(1, 3600)]
    public int TimeoutSeconds { get; set; } = 60;

    /// <summary>Items of one stream that are under way at the same time; the stream's sender waits beyond.</summary>
    [Range(1, 1024)]
    public int ItemsInFlight { get; set; } = 64;
}
