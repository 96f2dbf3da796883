using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>Small pictures of images, for people to look at: WebP files by the image's hash. Nothing but the console reads them, and nothing fails without.</summary>
public sealed class ThumbnailStore(StoreConnection connection)
{
    public bool IsOn => connection.KeepsThumbnails;

    /// <summary>Stored when the task has ended.</summary>
    public Task SetAsync(ImageHash image, byte[] webp) =>
        connection.Breaker.WaitAsync(connection.Database.StringSetAsync(Keys.Thumbnail(image), webp));

    /// <returns>The stored ones, in the order of <paramref name="images"/>.</returns>
    public async Task<IReadOnlyList<(ImageHash Image, byte[] Webp)>> GetManyAsync(IEnumerable<ImageHash> images)
    {
        var database = connection.Database;
        var found = await Task.WhenAll(images.Select(async image =>
            (Image: image, Webp: (byte[]?)await connection.Breaker.WaitAsync(database.StringGetAsync(Keys.Thumbnail(image))))));
        return [.. found.Where(thumbnail => thumbnail.Webp is not null).Select(thumbnail => (thumbnail.Image, thumbnail.Webp!))];
    }

    public async Task DeleteAsync(IEnumerable<ImageHash> images)
    {
        var database = connection.Database;
        foreach (var window in images.Chunk(256))
        {
            await Task.WhenAll(window.Select(image => connection.Breaker.WaitAsync(database.KeyDeleteAsync(Keys.Thumbnail(image)))));
        }
    }
}
