using System.ComponentModel.DataAnnotations;

namespace Topfive.ServiceDefaults;

/// <summary>What a service accepts: configuration section <c>Limits</c>.</summary>
public sealed class LimitOptions : IValidatableObject
{
    public const string Section = "Limits";

    /// <summary>Largest encoded image in bytes; default 32 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxImageBytes { get; set; } = 32 << 20;

    /// <summary>Largest width × height, as the image's header states them; default 100 million.</summary>
    [Range(1, 1_000_000_000)]
    public long MaxImagePixels { get; set; } = 100_000_000;

    /// <summary>
    /// Bytes that the images being decoded at the same time may take together, by an estimate from their headers that is no less than what they do; default
    /// 2 GiB. Images wait for each other; one that alone would take more is refused. A pixel takes 4 bytes in a JPEG of one scan and 12 in all others.
    /// </summary>
    [Range(1 << 20, long.MaxValue)]
    public long MaxDecodingBytes { get; set; } = 2L << 30;

    /// <summary>Most scans of a JPEG; a progressive one has ten or so, and each costs the time of the whole image. Default 100.</summary>
    [Range(1, int.MaxValue)]
    public int MaxJpegScans { get; set; } = 100;

    /// <summary>Messages that a caller may send in one stream; default 0: any number.</summary>
    [Range(0, long.MaxValue)]
    public long MaxStreamMessages { get; set; }

    /// <summary>
    /// Seconds that the service waits for one message to come, all of its pauses together; default 300. Between two messages a stream may pause as long as it likes.
    /// </summary>
    [Range(1, 86_400)]
    public int MessageSeconds { get; set; } = 300;

    /// <summary>
    /// Bytes of messages that all calls of this service's own may hold together, from their first byte to the call's end, of a stream until the message is read; default 1 GiB, and
    /// at least one message. One more gets RESOURCE_EXHAUSTED. A compressed message counts as the largest that it may be.
    /// </summary>
    [Range(1, long.MaxValue)]
    public long MaxBytesInFlight { get; set; } = 1L << 30;

    /// <summary>Connections to the gRPC port at the same time; one more is closed at once. Default 10,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 10_000;

    /// <summary>Calls under way at the same time on one connection; the caller holds more of them back, or opens another connection. Default 100.</summary>
    [Range(1, 100_000)]
    public int MaxCallsPerConnection { get; set; } = 100;

    /// <summary>Hashes in one request to FindMissing, GetVectors or DeleteVectors; default 100,000.</summary>
    [Range(1, 1_000_000)]
    public int MaxHashes { get; set; } = 100_000;

    /// <summary>Vectors in one message to PutVectors; default 1,000.</summary>
    [Range(1, 100_000)]
    public int MaxVectors { get; set; } = 1_000;

    /// <summary>Characters of a new dataset's, head's or label's name; default 200.</summary>
    [Range(1, NameRule.MaxLength)]
    public int MaxNameLength { get; set; } = NameRule.MaxLength;

    /// <summary>A regular expression that all of a new dataset's, head's or label's name must match; default empty: whatever has no control characters.</summary>
    public string NamePattern { get; set; } = "";

    /// <summary>Largest gRPC message in bytes: an image, and room for what stands around it.</summary>
    public int MaxMessageBytes => MaxImageBytes + (1 << 20);

    internal TimeSpan MessageTime => TimeSpan.FromSeconds(MessageSeconds);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        string? problem = null;
        try
        {
            // Only then: to compile one takes 20 ms of a start.
            if (NamePattern.Length > 0) NamePolicy.Compile(NamePattern);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            problem = exception.Message;
        }

        if (problem is not null) yield return new ValidationResult($"Limits__NamePattern is no regular expression without look-around and back-references: {problem}", [nameof(NamePattern)]);
    }
}
