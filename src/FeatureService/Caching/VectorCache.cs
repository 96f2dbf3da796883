using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>The feature store as extraction uses it: without a store, images are still computed and answered.</summary>
internal sealed class VectorCache(VectorStore store, ILogger<VectorCache> log)
{
    private int _refuses;

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
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            return null;
        }
    }

    /// <returns>Null when the vector is stored; else what kept it from being so.</returns>
    public async Task<Exception?> StoreAsync(RunningBackbone backbone, ImageHash image, ReadOnlyMemory<float> vector)
    {
        try
        {
            await store.SetAsync(backbone.File.Fingerprint, image, vector);
            if (Volatile.Read(ref _refuses) != 0) TakesAgain();
            return null;
        }
        catch (Exception exception) when (StoreFailure.Is(exception) || exception is StoreFullException)
        {
            // Of a store that is away its connection says so.
            if (!StoreFailure.IsAway(exception)) Refuses(exception);
            return exception;
        }
    }

    private void Refuses(Exception why)
    {
        if (Interlocked.Exchange(ref _refuses, 1) != 0) return;
        log.LogWarning("the feature store takes no vectors; images are computed and answered, and not kept: {Reason}", why.Message);
    }

    private void TakesAgain()
    {
        if (Interlocked.Exchange(ref _refuses, 0) == 0) return;
        log.LogInformation("the feature store takes vectors again");
    }
}
