using System.ComponentModel.DataAnnotations;

namespace Topfive.FeatureStore;

/// <summary>Which store: configuration section <c>Store</c>.</summary>
public sealed class StoreOptions : IValidatableObject
{
    public const string Section = "Store";

    private const long LeastDiskReserve = 24 << 20;

    /// <summary>
    /// Redis as StackExchange.Redis writes it (host:port, several for a cluster, password=…, ssl=true,
    /// serviceName=… for Sentinel). Empty: the embedded store.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>Where the embedded store keeps its data; one process at a time.</summary>
    [Required]
    public string DataDirectory { get; set; } = "data";

    /// <summary>Loopback port of the embedded store; 0: any free port.</summary>
    [Range(0, 65535)]
    public int EmbeddedPort { get; set; }

    /// <summary>
    /// Milliseconds without an answer after which the store counts as away: nothing asks it then until it answers again. It bounds what a
    /// store that hangs costs a call. Default 2,000; less than the machine sometimes pauses for makes it look away for nothing.
    /// </summary>
    [Range(50, 60_000)]
    public int PatienceMilliseconds { get; set; } = 2_000;

    /// <summary>
    /// Bytes that must stay free on the embedded store's disk; what would go below is refused. Default 64 MiB, at least 24: the store
    /// answers a write before it is on the disk, and what it has answered needs that much.
    /// </summary>
    [Range(LeastDiskReserve, long.MaxValue, ErrorMessage = "Store__DiskReserve is at least 25,165,824 bytes (24 MiB): without them a full disk costs what was already acknowledged")]
    public long DiskReserve { get; set; } = 64 << 20;

    /// <summary>
    /// How vectors are written: fp32 keeps every bit; fp16 takes half the bytes and rounds to a relative error of at most
    /// 2⁻¹¹. Both are read, whatever this says.
    /// </summary>
    [RegularExpression("fp32|fp16", ErrorMessage = "Store__VectorFormat is fp32 or fp16")]
    public string VectorFormat { get; set; } = "fp32";

    /// <summary>Whether small pictures of images are kept, about 1 KB each: on, off, or auto, which is on with the embedded store.</summary>
    [RegularExpression("auto|on|off", ErrorMessage = "Store__Thumbnails is auto, on or off")]
    public string Thumbnails { get; set; } = "auto";

    /// <summary>
    /// PEM file of the CAs that signed Redis' certificate, believed beside those of the system; read with every connection. TLS itself is ssl=true in <see cref="ConnectionString"/>.
    /// </summary>
    public string Ca { get; set; } = "";

    /// <summary>PEM file of the certificate to show to a Redis that asks for one (tls-auth-clients); empty: none.</summary>
    public string Certificate { get; set; } = "";

    /// <summary>PEM file of its private key.</summary>
    public string CertificateKey { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        StoreTls.Problem(this) is { } problem ? [new ValidationResult(problem)] : [];
}
