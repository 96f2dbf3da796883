using System.ComponentModel.DataAnnotations;

namespace Topfive.ClassifierService;

/// <summary>Nearest training examples: configuration section <c>Evidence</c>.</summary>
public sealed class EvidenceOptions
{
    public const string Section = "Evidence";

    /// <summary>
    /// Bytes that datasets' vectors may take in memory, about 10 KB an example; default 1 GiB, 100,000 examples. The dataset
    /// that was asked for least recently makes room for another.
    /// </summary>
    [Range(1L << 20, 1L << 40)]
    public long MemoryLimit { get; set; } = 1L << 30;

    /// <summary>
    /// Seconds after which a dataset that is not the one a head was trained on is looked at again, for examples added
    /// since; default 60.
    /// </summary>
    [Range(0, 86_400)]
    public int RecheckSeconds { get; set; } = 60;
}
