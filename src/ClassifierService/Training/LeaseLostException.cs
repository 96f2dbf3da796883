namespace Topfive.ClassifierService;

/// <summary>The process slept, or was cut off from the store, for longer than a lease lasts: the run counts as abandoned.</summary>
internal sealed class LeaseLostException(string runId)
    : Exception($"the lease of run {runId} lapsed: it is marked failed by whoever noticed, and nothing more is written about it here");
