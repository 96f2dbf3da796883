namespace Topfive.FeatureStore;

/// <summary>The store's disk has no room for what was to be written; nothing was.</summary>
public sealed class StoreFullException(string message) : IOException(message);
