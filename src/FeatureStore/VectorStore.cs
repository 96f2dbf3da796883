using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// Feature vectors by backbone and image. A value is the vector's float32 numbers, little-endian, and nothing else
/// (2048 numbers: 8,192 bytes), or what <see cref="HalfVector"/> makes of them (4,097 bytes). Many keys at once go as a pipeline of single-key commands, which a Redis cluster
/// serves as well as one server.
/// </summary>
public sealed class VectorStore(StoreConnection connection)
{
    /// <summary>Commands of a bulk call in flight at a time: 2 MB of vectors.</summary>
    private const int Window = 256;

    /// <returns>Null when this backbone's vector of the image is not stored.</returns>
    public async Task<VectorLease?> GetAsync(string fingerprint, ImageHash image)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var bytes = await connection.Breaker.WaitAsync(connection.Database.StringGetLeaseAsync(Keys.Vector(fingerprint, image)));
            connection.Metrics.Succeeded(StoreMetrics.Get, began);
            return bytes is null ? null : new VectorLease(bytes);
        }
        catch (Exception exception)
        {
            if (Failed(StoreMetrics.Get, began, exception) is { } away) throw away;
            throw;
        }
    }

    /// <summary>The stored ones of <paramref name="images"/>, in their order. Dispose each lease before asking for the next.</summary>
    public async IAsyncEnumerable<(ImageHash Image, VectorLease Vector)> GetManyAsync(
        string fingerprint, IEnumerable<ImageHash> images, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        foreach (var window in images.Chunk(Window))
        {
            cancellation.ThrowIfCancellationRequested();
            var replies = await Task.WhenAll(window.Select(image => GetAsync(fingerprint, image)));
            var next = 0;
            try
            {
                for (; next < replies.Length; next++)
                {
                    if (replies[next] is { } vector)
                    {
                        yield return (window[next], vector);
                    }
                }
            }
            finally
            {
                // The caller may stop early: what it never saw goes back to the pool here.
                for (next++; next < replies.Length; next++)
                {
                    replies[next]?.Dispose();
                }
            }
        }
    }

    /// <summary>Fills a training matrix: row i becomes the vector of <paramref name="images"/>[i].</summary>
    /// <param name="fingerprint">The backbone.</param>
    /// <param name="images">One a row.</param>
    /// <param name="matrix">images.Count × <paramref name="dimensions"/> floats, row-major.</param>
    /// <param name="dimensions">Length of a vector.</param>
    /// <param name="cancellation">Checked between windows.</param>
    /// <returns>The rows, as indices into <paramref name="images"/>, that have no stored vector; they are left as they were.</returns>
    /// <exception cref="InvalidDataException">A stored vector has another length.</exception>
    public async Task<IReadOnlyList<int>> ReadRowsAsync(
        string fingerprint, IReadOnlyList<ImageHash> images, Memory<float> matrix, int dimensions, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(matrix.Length, (long)images.Count * dimensions, nameof(matrix));
        var missing = new List<int>();
        for (var first = 0; first < images.Count; first += Window)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = Math.Min(Window, images.Count - first);
            var replies = await Task.WhenAll(Enumerable.Range(first, count).Select(row => GetAsync(fingerprint, images[row])));
            for (var i = 0; i < count; i++)
            {
                using var vector = replies[i];
                if (vector is null)
                {
                    missing.Add(first + i);
                    continue;
                }

                if (vector.Values.Length != dimensions)
                {
                    throw new InvalidDataException(
                        $"the stored vector of image {images[first + i]} has {vector.Values.Length} numbers, not {dimensions}: delete it and extract the image again");
                }

                vector.Values.CopyTo(matrix.Span.Slice((first + i) * dimensions, dimensions));
            }
        }

        return missing;
    }

    /// <summary>
    /// Stored when the task has ended, in the format of <see cref="StoreOptions.VectorFormat"/>. Do not change
    /// <paramref name="vector"/> before.
    /// </summary>
    public Task SetAsync(string fingerprint, ImageHash image, ReadOnlyMemory<float> vector) => SetAsync(fingerprint, image, vector, When.Always);

    /// <summary>The same for many: a vector that is stored already stays, unless it is to be overwritten.</summary>
    /// <returns>How many were stored.</returns>
    public async Task<int> SetManyAsync(
        string fingerprint, IEnumerable<(ImageHash Image, ReadOnlyMemory<float> Vector)> vectors, bool overwrite, CancellationToken cancellation = default)
    {
        var stored = 0;
        foreach (var window in vectors.Chunk(Window))
        {
            cancellation.ThrowIfCancellationRequested();
            var set = await Task.WhenAll(window.Select(row => SetAsync(fingerprint, row.Image, row.Vector, overwrite ? When.Always : When.NotExists)));
            stored += set.Count(isNew => isNew);
        }

        return stored;
    }

    /// <returns>Those of <paramref name="images"/> without a stored vector, in their order.</returns>
    public async Task<IReadOnlyList<ImageHash>> FindMissingAsync(
        string fingerprint, IEnumerable<ImageHash> images, CancellationToken cancellation = default)
    {
        var missing = new List<ImageHash>();
        foreach (var window in images.Chunk(Window))
        {
            cancellation.ThrowIfCancellationRequested();
            var stored = await Task.WhenAll(window.Select(image => AskAsync(StoreMetrics.Exists, database => database.KeyExistsAsync(Keys.Vector(fingerprint, image)))));
            missing.AddRange(window.Where((_, i) => !stored[i]));
        }

        return missing;
    }

    /// <returns>How many there were to delete.</returns>
    public async Task<int> DeleteAsync(string fingerprint, IEnumerable<ImageHash> images, CancellationToken cancellation = default)
    {
        var deleted = 0;
        foreach (var window in images.Chunk(Window))
        {
            cancellation.ThrowIfCancellationRequested();
            var known = await Task.WhenAll(window.Select(image => AskAsync(StoreMetrics.Delete, database => database.KeyDeleteAsync(Keys.Vector(fingerprint, image)))));
            deleted += known.Count(wasThere => wasThere);
        }

        return deleted;
    }

    private Task<bool> SetAsync(string fingerprint, ImageHash image, ReadOnlyMemory<float> vector, When when) => AskAsync(StoreMetrics.Set, database =>
    {
        var bytes = connection.WritesHalf && HalfVector.CanHold(vector.Span) ? HalfVector.Pack(vector.Span) : new FloatBytes(vector).Memory;
        connection.Room?.Take("a vector", bytes.Length);
        return database.StringSetAsync(Keys.Vector(fingerprint, image), bytes, when: when);
    });

    private async Task<T> AskAsync<T>(KeyValuePair<string, object?> operation, Func<IDatabase, Task<T>> command)
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var reply = await connection.Breaker.WaitAsync(command(connection.Database));
            connection.Metrics.Succeeded(operation, began);
            return reply;
        }
        catch (Exception exception)
        {
            if (Failed(operation, began, exception) is { } away) throw away;
            throw;
        }
    }

    /// <returns>What to throw instead, or null.</returns>
    private RedisConnectionException? Failed(KeyValuePair<string, object?> operation, long began, Exception failure)
    {
        var away = connection.Breaker.Explain(failure);
        connection.Metrics.Failed(operation, began, away ?? failure);
        return away;
    }
}
