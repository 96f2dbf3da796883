using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Topfive.Cli;

/// <summary>A file in an archive.</summary>
/// <param name="Name">As the archive spells it.</param>
/// <param name="Length">In bytes, as the archive says; what is read may differ where the archive lies.</param>
/// <param name="Open">The bytes, until the next entry.</param>
internal sealed record ArchiveEntry(string Name, long Length, Func<CancellationToken, Task<Stream>> Open);

/// <summary>A .tar, .tar.gz, .tgz or .zip, read from front to back; nothing of it is written anywhere.</summary>
internal sealed class Archive(string path)
{
    private static readonly string[] Extensions = [".tar", ".tar.gz", ".tgz", ".zip"];

    public string Path => path;

    public long Bytes => new FileInfo(path).Length;

    public static bool Match(string path) => Extensions.Any(extension => path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    /// <param name="position">Told how many of <see cref="Bytes"/> have been read, before each entry and at the end.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="CommandFailure">The archive is none, or cut short.</exception>
    public async IAsyncEnumerable<ArchiveEntry> EntriesAsync(
        Action<long> position, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, useAsync: true);
        var entries = path.EndsWith(".zip", StringComparison.OrdinalIgnoreCase) ? ZipAsync(file, cancellation) : TarAsync(file, cancellation);
        await using var walk = entries.GetAsyncEnumerator(cancellation);
        while (await WithNameOfArchiveAsync(async () => await walk.MoveNextAsync()))
        {
            position(file.Position);
            yield return walk.Current;
        }

        position(Bytes);
    }

    /// <summary>Turns what a broken archive throws into a message that names the archive.</summary>
    public async Task<T> WithNameOfArchiveAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read();
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new CommandFailure($"{path} is broken or cut short: {failure.Message}", failure);
        }
    }

    private async IAsyncEnumerable<ArchiveEntry> TarAsync(Stream file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var isPlain = path.EndsWith(".tar", StringComparison.OrdinalIgnoreCase);
        await using var bytes = isPlain ? file : new GZipStream(file, CompressionMode.Decompress);
        await using var tar = new TarReader(bytes);
        while (await tar.GetNextEntryAsync(copyData: false, cancellation) is { } entry)
        {
            // Links, devices and folders have no bytes of their own.
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                yield return new ArchiveEntry(entry.Name, entry.Length, _ => Task.FromResult(entry.DataStream ?? Stream.Null));
            }
        }
    }

    private static async IAsyncEnumerable<ArchiveEntry> ZipAsync(Stream file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var zip = await ZipArchive.CreateAsync(file, ZipArchiveMode.Read, leaveOpen: true, entryNameEncoding: null, cancellation);
        foreach (var entry in zip.Entries.Where(entry => entry.Name.Length > 0))
        {
            yield return new ArchiveEntry(entry.FullName, entry.Length, entry.OpenAsync);
        }
    }
}
