using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>How it looks when the store is away, hangs, or refuses.</summary>
public static class StoreFailure
{
    /// <summary>True for what is no fault of the caller's: what waits may try again. A timeout is no <see cref="RedisException"/>.</summary>
    public static bool Is(Exception exception) => exception is RedisException or RedisTimeoutException;

    /// <summary>True when it gives no answer, or says that it cannot serve yet. Of this the connection logs the beginning and the end: nobody else needs to.</summary>
    public static bool IsAway(Exception exception) => exception is RedisConnectionException or RedisTimeoutException
        or RedisServerException { Kind: RedisErrorKind.ClusterDown or RedisErrorKind.Loading };
}
