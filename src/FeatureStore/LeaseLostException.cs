namespace Topfive.FeatureStore;

/// <summary>The process slept, or was cut off from the store, for longer than a lease lasts: the run counts as abandoned, and others have ended it.</summary>
public sealed class LeaseLostException(string runId)
    : Exception($"the lease of run {runId} lapsed: it is marked failed by whoever noticed, and nothing more is written about it here");
