namespace Topfive.TestKit;

/// <summary>Nine real photographs (JPEG, 170 to 320 KB each), fetched once a clone from npm.</summary>
public static class TestPhotos
{
    private static readonly Lazy<Task<IReadOnlyList<TestPhoto>>> Photos = new(PrepareAsync);

    private static readonly string[] Names =
    [
        "acanthus-mollis", "airplane-from-above", "allium-oreophilum", "black-canyon", "dust-bowl-home",
        "french-alpine-landscape", "locomotion-house-cat", "march-pastoral", "nagasaki-boats",
    ];

    /// <returns>In name order.</returns>
    public static Task<IReadOnlyList<TestPhoto>> AllAsync() => Photos.Value;

    private static async Task<IReadOnlyList<TestPhoto>> PrepareAsync()
    {
        var folder = Path.Combine(Repository.Root, "tests", "photos");
        TestPhoto[] photos = [.. Names.Select(name => new TestPhoto(name, Path.Combine(folder, "node_modules", "@stdlib", $"datasets-img-{name}", "data", "image.jpg")))];
        using var alone = await Repository.LockAsync(Path.Combine(folder, "lock"));
        if (!photos.All(photo => File.Exists(photo.Path))) await Repository.RunAsync(folder, "npm", "ci");
        return photos;
    }
}

