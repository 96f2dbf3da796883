using System.ComponentModel.DataAnnotations;

namespace Topfive.ClassifierService;

/// <summary>What heads are accepted: configuration section <c>Heads</c>.</summary>
public sealed class HeadOptions
{
    public const string Section = "Heads";

    /// <summary>Largest model file of an imported head in bytes; default 256 MiB.</summary>
    [Range(1, 1 << 30)]
    public int MaxImportBytes { get; set; } = 256 << 20;
}
