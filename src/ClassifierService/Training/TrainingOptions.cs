using System.ComponentModel.DataAnnotations;

namespace Topfive.ClassifierService;

/// <summary>How runs train: configuration section <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    public const string Section = "Training";

    /// <summary>Threads of a run; 0 (the default): one a core. The result does not depend on it.</summary>
    [Range(0, 1_024)]
    public int Threads { get; set; }

    /// <summary>Runs that may wait behind the one that trains; default 16.</summary>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 16;

    /// <summary>Bytes that a run may take for vectors, weights and batches; default 4 GiB.</summary>
    [Range(1L << 20, 1L << 40)]
    public long MemoryLimit { get; set; } = 4L << 30;

    public int ThreadCount => Threads == 0 ? Environment.ProcessorCount : Threads;
}
