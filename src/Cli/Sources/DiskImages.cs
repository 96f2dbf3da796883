using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>Images that are files. Hashing takes every core, and holds one image a core.</summary>
internal sealed class DiskImages(Listing listing) : IImageSource
{
    // Hides a network drive's latency; so many images are in memory.
    private const int ReadAhead = 4;

    public string Unit => "images";

    public long Size => listing.Files.Count;

    public async Task<HashedListing> HashAsync(long maxImageBytes, IProgressDisplay progress, CancellationToken cancellation)
    {
        var files = listing.Files;
        var hashes = new ImageHash?[files.Count];
        var problems = new ConcurrentBag<(int Index, Problem Problem)>();
        var done = 0;
        await Parallel.ForAsync(0, files.Count, cancellation, async (i, stop) =>
        {
            try
            {
                var length = new FileInfo(files[i].Path).Length;
                if (length > maxImageBytes)
                {
                    problems.Add((i, new Problem(files[i].Id, $"{length:N0} bytes; the services take at most {maxImageBytes:N0}")));
                }
                else
                {
                    hashes[i] = ImageHash.Of(await File.ReadAllBytesAsync(files[i].Path, stop));
                }
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                problems.Add((i, new Problem(files[i].Id, failure.Message)));
            }

            progress.Show(Interlocked.Increment(ref done));
        });
        var unreadable = problems.OrderBy(problem => problem.Index).Select(problem => problem.Problem);
        return new HashedListing(listing with { Problems = [.. listing.Problems, .. unreadable] }, hashes);
    }

    public async IAsyncEnumerable<ImageBytes> ReadAsync(
        IReadOnlyList<LabeledFile> files, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var ahead = new Queue<Task<ImageBytes>>();
        foreach (var file in files)
        {
            ahead.Enqueue(ReadAsync(file, cancellation));
            if (ahead.Count > ReadAhead)
            {
                yield return await ahead.Dequeue();
            }
        }

        while (ahead.TryDequeue(out var next))
        {
            yield return await next;
        }
    }

    private static async Task<ImageBytes> ReadAsync(LabeledFile file, CancellationToken cancellation)
    {
        try
        {
            return new ImageBytes(file, await File.ReadAllBytesAsync(file.Path, cancellation));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return new ImageBytes(file, default, new Problem(file.Id, failure.Message));
        }
    }
}
