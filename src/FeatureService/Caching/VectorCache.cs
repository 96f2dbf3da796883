using StackExchange.Redis;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>The feature store as extraction uses it: without a store, images are still computed and answered.</summary>
internal sealed class VectorCache(VectorStore store, ILogger<VectorCache> log)
{
    /// <returns>Null when the vector is not stored, or the store cannot be asked.</returns>
    public async Task<VectorLease?> FindAsync(RunningBackbone backbone, ImageHash image)
    {
        try
        {
            var vector = await store.GetAsync(backbone.File.Fingerprint, image);
            if (vector is null || vector.Values.Length == backbone.File.Dimensions)
            {
                return vector;
            }

            log.LogWarning("the stored vector of image {Image} has {Length} numbers; it is computed again", image, vector.Values.Length);
            vector.Dispose();
            return null;
        }
        catch (Exception exception) when (exception is RedisException or RedisTimeoutException)
        {
            log.LogWarning("image {Image} cannot be looked up, so it is computed: {Message}", image, exception.Message);
            return null;
        }
    }

    /// <returns>Null when the vector is stored; else what kept it from being so.</returns>
    public async Task<Exception?> StoreAsync(RunningBackbone backbone, ImageHash image, ReadOnlyMemory<float> vector)
    {
        try
        {
            await store.SetAsync(backbone.File.Fingerprint, image, vector);
            return null;
        }
        catch (Exception exception) when (exception is RedisException or RedisTimeoutException)
        {
            log.LogWarning("the vector of image {Image} cannot be stored: {Message}", image, exception.Message);
            return exception;
        }
    }
}
