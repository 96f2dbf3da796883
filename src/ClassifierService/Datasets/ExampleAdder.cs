using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Adds a stream of examples in batches, each with the examples of its augmented copies; those that lack a stored vector, their own
/// or a copy's, are left out. A bad example ends the stream; whole batches before it stay.
/// </summary>
internal sealed class ExampleAdder(DatasetStore datasets, VectorStore vectors, BackboneRegistry backbones, NamePolicy names)
{
    private const int BatchSize = 1_000;

    /// <summary>So many hashes still make an answer that every client takes (4 MB).</summary>
    private const int MaxMissing = 100_000;

    public async Task<AddExamplesResponse> AddAsync(IAsyncEnumerable<Example> examples, CancellationToken cancellation)
    {
        var backbone = await backbones.CurrentAsync()
            ?? throw Failure.Unavailable("no FeatureService has announced its backbone to this store yet: start one, and extract the images first");
        var response = new AddExamplesResponse();
        // An example of a copy says nothing that its original's does not.
        await foreach (var batch in examples.Where(example => example.Copy == 0).Chunk(BatchSize).WithCancellation(cancellation))
        {
            var images = Array.ConvertAll(batch, example => ExampleRules.Complete(example, names));
            Example[][] copies = [.. batch.Select((example, i) => ExampleRules.CopiesOf(example, images[i]).ToArray())];
            var missing = await FindMissingAsync(backbone, images, copies, cancellation);
            var complete = Enumerable.Range(0, batch.Length).Where(i => !missing.Contains(images[i]));
            foreach (var dataset in complete.GroupBy(i => batch[i].Dataset))
            {
                var (added, updated) = await datasets.AddAsync(dataset.Key, [.. dataset.Reverse().DistinctBy(i => images[i]).SelectMany(i => copies[i].Prepend(batch[i]))]);
                response.Added += added;
                response.Updated += updated;
            }

            response.MissingVectors.Add(missing.Select(image => UnsafeByteOperations.UnsafeWrap(image.ToByteArray())));
            if (response.MissingVectors.Count > MaxMissing)
            {
                throw Failure.Precondition(
                    $"more than {MaxMissing:N0} of the examples' images have no stored vector of backbone {backbone.Fingerprint}: extract the images first");
            }
        }

        return response;
    }

    /// <returns>Those of <paramref name="images"/> that have, or one of whose copies has, no stored vector.</returns>
    private async Task<HashSet<ImageHash>> FindMissingAsync(
        BackboneRecord backbone, ImageHash[] images, Example[][] copies, CancellationToken cancellation)
    {
        var owners = images
            .SelectMany((image, i) => copies[i].Select(HashOf).Prepend(image).Select(hash => (Hash: hash, Owner: image)))
            .ToLookup(pair => pair.Hash, pair => pair.Owner);
        var missing = await vectors.FindMissingAsync(backbone.Fingerprint, owners.Select(owner => owner.Key), cancellation);
        return [.. missing.SelectMany(hash => owners[hash])];
    }

    private static ImageHash HashOf(Example example) => ImageHash.TryRead(example.ImageHash.Span, out var hash) ? hash : default;
}
