using System.Runtime.CompilerServices;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>
/// The images of an archive: a folder per class as on disk, or a CSV beside it that labels them. It is streamed twice, and a second time only when the services lack
/// some of its images; one image is in memory at a time.
/// </summary>
/// <param name="archive">The archive.</param>
/// <param name="splitGiven">True: the outermost folders are the sides of the split; a CSV was read with the same.</param>
/// <param name="labels">Null: the folders are the labels.</param>
internal sealed class ArchiveImages(Archive archive, bool splitGiven, CsvListing? labels = null) : IImageSource
{
    public string Unit => "bytes";

    public long Size => archive.Bytes;

    public async Task<HashedListing> HashAsync(long maxImageBytes, IProgressDisplay progress, CancellationToken cancellation)
    {
        var names = new List<(string Name, string Path)>();
        var seen = new HashSet<string>();
        var hashes = new Dictionary<string, ImageHash>();
        var problems = new List<Problem>();
        await foreach (var entry in archive.EntriesAsync(position => progress.Show(position), cancellation))
        {
            var name = ArchiveNames.Shown(entry.Name);
            if (ArchiveNames.LeavesTheArchive(entry.Name))
            {
                problems.Add(new Problem(name, "the name leads out of the archive"));
            }
            else if (!seen.Add(entry.Name))
            {
                problems.Add(new Problem(name, "the archive has this name twice; the first one counts"));
            }
            else
            {
                names.Add((name, entry.Name));
                if (ImageExtensions.Match(name))
                {
                    var (bytes, problem) = await ReadAsync(entry, maxImageBytes, cancellation);
                    if (problem is null)
                    {
                        hashes.Add(entry.Name, ImageHash.Of(bytes.Span));
                    }
                    else
                    {
                        problems.Add(new Problem(name, problem));
                    }
                }
            }
        }

        var listing = labels is null
            ? ClassFolders.List(ArchiveNames.WithoutWrapper(names), splitGiven)
            // A label file may call an image by its whole name, or leave out a folder around all of them.
            : labels.Match(new ImageNames(archive.Path, [.. ArchiveNames.WithoutWrapper(names, foldersBelow: 0), .. names]));
        return new HashedListing(
            listing with { Problems = [.. listing.Problems, .. problems] },
            [.. listing.Files.Select(file => hashes.TryGetValue(file.Path, out var hash) ? hash : (ImageHash?)null)]);
    }

    public async IAsyncEnumerable<ImageBytes> ReadAsync(
        IReadOnlyList<LabeledFile> files, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var wanted = files.ToDictionary(file => file.Path);
        if (wanted.Count == 0)
        {
            yield break;
        }

        await foreach (var entry in archive.EntriesAsync(_ => { }, cancellation))
        {
            if (wanted.Remove(entry.Name, out var file))
            {
                var (bytes, problem) = await ReadAsync(entry, entry.Length, cancellation);
                yield return new ImageBytes(file, bytes, problem is null ? null : new Problem(file.Id, problem));
            }

            if (wanted.Count == 0)
            {
                yield break;
            }
        }
    }

    /// <returns>The bytes, or why there are none. Never more than the archive announced are read: it may be made to burst.</returns>
    private async Task<(ReadOnlyMemory<byte> Bytes, string? Problem)> ReadAsync(
        ArchiveEntry entry, long maxImageBytes, CancellationToken cancellation)
    {
        if (entry.Length > maxImageBytes)
        {
            return (default, $"{entry.Length:N0} bytes; the services take at most {maxImageBytes:N0}");
        }

        return await archive.WithNameOfArchiveAsync<(ReadOnlyMemory<byte>, string?)>(async () =>
        {
            await using var stream = await entry.Open(cancellation);
            var bytes = new byte[entry.Length + 1];
            var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellation);
            return length == entry.Length
                ? (bytes.AsMemory(0, length), null)
                : (default, $"the archive says that it has {entry.Length:N0} bytes, and it has {(length > entry.Length ? "more" : $"{length:N0}")}");
        });
    }
}
