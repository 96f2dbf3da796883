using System.Runtime.CompilerServices;
using Google.Protobuf;
using StackExchange.Redis;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore;

/// <summary>
/// Which images a dataset names, and what it says of each. The examples lie in 1,024 hashes by the first ten bits of
/// the image hash: the hashes in order give the examples in order, and at 100 million examples one command still
/// reads only 100,000 of them.
/// </summary>
public sealed class DatasetStore(StoreConnection connection)
{
    internal const int Buckets = 1 << BucketBits;
    private const int BucketBits = 10;
    private const int Window = 64;

    /// <summary>
    /// Adds examples, and changes known ones of which something is another now. Augmented copies that a changed example had and
    /// no longer has are taken out; those that it has now are to be among <paramref name="examples"/>.
    /// </summary>
    /// <param name="dataset">Begins with its first example.</param>
    /// <param name="examples">Each with a 32-byte hash and a split other than unspecified; of two with one hash the later counts.</param>
    public async Task<(long Added, long Updated)> AddAsync(string dataset, IReadOnlyList<Example> examples)
    {
        if (examples.Count == 0)
        {
            return (0, 0);
        }

        var database = connection.Database;
        connection.Room?.Take($"{examples.Count:N0} examples", examples.Sum(example => (long)example.CalculateSize()));
        await database.SetAddAsync(Keys.Datasets, dataset);
        // Originals first: while one copy is there, its original's example says so, and can take it out again.
        var originals = await WriteAllAsync(database, dataset, examples.Where(example => example.Copy == 0));
        var copies = await WriteAllAsync(database, dataset, examples.Where(example => example.Copy != 0));
        return (originals.Added + copies.Added, originals.Updated + copies.Updated);
    }

    /// <returns>Null when there is no such dataset.</returns>
    public async Task<DatasetSnapshot?> ReadAsync(string dataset, CancellationToken cancellation = default)
    {
        var examples = await ReadExamplesAsync(dataset, cancellation).ToListAsync(cancellation);
        return examples.Count == 0 ? null : new DatasetSnapshot(dataset, examples);
    }

    /// <returns>How many examples there are, without reading them; 0 for an unknown dataset.</returns>
    public async Task<long> CountAsync(string dataset) =>
        (await Task.WhenAll(Enumerable.Range(0, Buckets).Select(bucket => connection.Database.HashLengthAsync(Keys.Examples(dataset, bucket))))).Sum();

    /// <summary>The examples in the order of their hashes, a few buckets in memory at a time; none for an unknown dataset.</summary>
    public async IAsyncEnumerable<Example> ReadExamplesAsync(
        string dataset, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var database = connection.Database;
        foreach (var window in Enumerable.Range(0, Buckets).Chunk(Window))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var entries in await Task.WhenAll(window.Select(bucket => database.HashGetAllAsync(Keys.Examples(dataset, bucket)))))
            {
                foreach (var example in entries.Select(entry => FromEntry(dataset, entry)).OrderBy(example => Hash(example.ImageHash.Span)))
                {
                    yield return example;
                }
            }
        }
    }

    /// <returns>Names, in ordinal order.</returns>
    public async Task<IReadOnlyList<string>> ListAsync() =>
        [.. (await connection.Database.SetMembersAsync(Keys.Datasets)).Select(name => name.ToString()).Order(StringComparer.Ordinal)];

    /// <returns>How many examples were forgotten; null when there is no such dataset.</returns>
    public async Task<long?> DeleteAsync(string dataset)
    {
        var database = connection.Database;
        if (!await database.SetContainsAsync(Keys.Datasets, dataset))
        {
            return null;
        }

        var examples = await CountAsync(dataset);
        await Task.WhenAll(Enumerable.Range(0, Buckets).Select(bucket => database.KeyDeleteAsync(Keys.Examples(dataset, bucket))));
        // Last, so that a deletion cut short can be asked for again.
        await database.SetRemoveAsync(Keys.Datasets, dataset);
        return examples;
    }

    private static async Task<(long Added, long Updated)> WriteAllAsync(IDatabase database, string dataset, IEnumerable<Example> examples)
    {
        var written = await Task.WhenAll(examples
            .Reverse().DistinctBy(example => example.ImageHash)
            .GroupBy(example => Bucket(example.ImageHash.Span))
            .Select(bucket => WriteAsync(database, dataset, bucket.Key, [.. bucket])));
        return (written.Sum(bucket => bucket.Added), written.Sum(bucket => bucket.Updated));
    }

    private static async Task<(long Added, long Updated)> WriteAsync(IDatabase database, string dataset, int bucket, Example[] examples)
    {
        var key = Keys.Examples(dataset, bucket);
        HashEntry[] entries = [.. examples.Select(ToEntry)];
        var known = await database.HashGetAsync(key, [.. entries.Select(entry => entry.Name)]);
        HashEntry[] changed = [.. entries.Where((entry, i) => known[i] != entry.Value)];
        if (changed.Length > 0)
        {
            var unwanted = known.Index()
                .Where(before => !before.Item.IsNull && before.Item != entries[before.Index].Value)
                .SelectMany(before => Copies(examples[before.Index].ImageHash.Span, Example.Parser.ParseFrom((byte[])before.Item!))
                    .Except(Copies(examples[before.Index].ImageHash.Span, examples[before.Index])));
            // Before the example that knows of them is overwritten, so that it can be done again.
            await Task.WhenAll(unwanted.Select(copy =>
                database.HashDeleteAsync(Keys.Examples(dataset, Bucket(copy)), copy.ToByteArray())));
            await database.HashSetAsync(key, changed);
        }

        var added = known.Count(value => value.IsNull);
        return (added, changed.Length - added);
    }

    /// <summary>The hashes of the copies that an example's image has.</summary>
    private static IEnumerable<ImageHash> Copies(ReadOnlySpan<byte> image, Example example)
    {
        var original = Hash(image);
        return Enumerable.Range(1, example.AugmentedCopies).Select(copy => AugmentedCopy.Hash(original, example.Augmentation, copy));
    }

    private static HashEntry ToEntry(Example example)
    {
        if (example.Split == Split.Unspecified)
        {
            throw new ArgumentException($"example {Hash(example.ImageHash.Span)} has no split", nameof(example));
        }

        // The dataset and the hash are in the key; they are not stored twice.
        var value = new Example
        {
            Label = example.Label,
            Split = example.Split,
            Group = example.Group,
            OriginalImageHash = example.OriginalImageHash,
            Copy = example.Copy,
            AugmentedCopies = example.AugmentedCopies,
            Augmentation = example.Augmentation,
        };
        return new HashEntry(example.ImageHash.ToByteArray(), value.ToByteArray());
    }

    private static Example FromEntry(string dataset, HashEntry entry)
    {
        var example = Example.Parser.ParseFrom((byte[])entry.Value!);
        example.Dataset = dataset;
        example.ImageHash = UnsafeByteOperations.UnsafeWrap((byte[])entry.Name!);
        return example;
    }

    private static int Bucket(ReadOnlySpan<byte> hash) => Bucket(Hash(hash));

    private static int Bucket(ImageHash hash) => (int)(hash.Prefix >> (64 - BucketBits));

    private static ImageHash Hash(ReadOnlySpan<byte> bytes) => ImageHash.TryRead(bytes, out var hash)
        ? hash
        : throw new ArgumentException($"an image hash has {ImageHash.Size} bytes, not {bytes.Length}");
}
