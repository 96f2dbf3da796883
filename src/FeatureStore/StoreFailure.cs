using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>How it looks when the store is away, hangs, or refuses.</summary>
public static class StoreFailure
{
    /// <summary>True for what is no fault of the caller's: what waits may try again. A timeout is no <see cref="RedisException"/>.</summary>
    public static bool Is(Exception exception) => exception is RedisException or RedisTimeoutException;
}
