using System.ComponentModel.DataAnnotations;

namespace Topfive.ClassifierService;

/// <summary>How runs train: configuration section <c>Training</c>.</summary>
public sealed class TrainingOptions
{
    public const string Section = "Training";

    /// <summary>Threads of a run; 0 (the default): one a core, shared among the runs that train at the same time. The result does not depend on it.</summary>
    [Range(0, 1_024)]
    public int Threads { get; set; }

    /// <summary>Runs that train at the same time in this process; default 1. The others wait.</summary>
    [Range(1, 64)]
    public int ConcurrentRuns { get; set; } = 1;

    /// <summary>Runs that may wait behind those that train; default 16.</summary>
    [Range(1, 10_000)]
    public int QueueCapacity { get; set; } = 16;

    /// <summary>
    /// Bytes of memory that a run may take for vectors, weights and batches; default 4 GiB. Vectors that do not fit are
    /// mapped from a file in <see cref="SnapshotDirectory"/>.
    /// </summary>
    [Range(1L << 20, 1L << 40)]
    public long MemoryLimit { get; set; } = 4L << 30;

    /// <summary>Where vectors beyond <see cref="MemoryLimit"/> go while a run trains; default: the system's directory for temporary files.</summary>
    [Required]
    public string SnapshotDirectory { get; set; } = Path.GetTempPath();

    public int ThreadCount => Threads == 0 ? Math.Max(1, Environment.ProcessorCount / ConcurrentRuns) : Threads;
}
