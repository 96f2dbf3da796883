namespace Topfive.Client;

/// <summary>One of many images whose vectors are wanted.</summary>
public sealed class BulkImage
{
    private readonly Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>>? _read;

    private BulkImage(string id, ImageHash hash, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>>? read) => (Id, Hash, _read) = (id, hash, read);

    /// <summary>The caller's name for the image; comes back with its result. Need not be unique.</summary>
    public string Id { get; }

    /// <summary>SHA-256 of the encoded image.</summary>
    public ImageHash Hash { get; }

    internal bool HasBytes => _read is not null;

    /// <summary>An image in memory. Its bytes must not change before its result is there.</summary>
    /// <param name="id">The caller's name for it.</param>
    /// <param name="image">JPEG, PNG, WebP, GIF (first frame) or BMP.</param>
    public static BulkImage FromBytes(string id, ReadOnlyMemory<byte> image) => new(id, ImageHash.Of(image.Span), _ => new(image));

    /// <summary>An image that is known by its hash alone: where the store has no vector of it, its result is NOT_FOUND.</summary>
    /// <param name="id">The caller's name for it.</param>
    /// <param name="hash">SHA-256 of the encoded image.</param>
    public static BulkImage FromHash(string id, ImageHash hash) => new(id, hash, null);

    /// <summary>An image whose hash is known and whose bytes are read where the store has no vector of it.</summary>
    /// <param name="id">The caller's name for it.</param>
    /// <param name="hash">SHA-256 of the encoded image.</param>
    /// <param name="read">Reads the encoded image; where it fails with an <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>, only this image's result does.</param>
    public static BulkImage FromHash(string id, ImageHash hash, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> read) => new(id, hash, read);

    /// <summary>An image in a file, which is its id: read once for its hash, and again where the store has no vector of it.</summary>
    /// <param name="path">Of the file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<BulkImage> FromFileAsync(string path, CancellationToken cancellationToken = default) =>
        new(path, ImageHash.Of(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false)),
            async cancellation => await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false));

    internal ValueTask<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellation) => _read!(cancellation);
}
