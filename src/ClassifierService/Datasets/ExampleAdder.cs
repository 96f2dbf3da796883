using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Adds a stream of examples in batches, those without a stored vector left out. A bad example ends the stream;
/// whole batches before it stay.
/// </summary>
internal sealed class ExampleAdder(DatasetStore datasets, VectorStore vectors, BackboneRegistry backbones)
{
    private const int BatchSize = 1_000;

    /// <summary>So many hashes still make an answer that every client takes (4 MB).</summary>
    private const int MaxMissing = 100_000;

    public async Task<AddExamplesResponse> AddAsync(IAsyncEnumerable<Example> examples, CancellationToken cancellation)
    {
        var backbone = await backbones.CurrentAsync()
            ?? throw Failure.Unavailable("no FeatureService has announced its backbone to this store yet: start one, and extract the images first");
        var response = new AddExamplesResponse();
        await foreach (var batch in examples.Chunk(BatchSize).WithCancellation(cancellation))
        {
            var images = Array.ConvertAll(batch, ExampleRules.Complete);
            var missing = (await vectors.FindMissingAsync(backbone.Fingerprint, images, cancellation)).ToHashSet();
            foreach (var dataset in batch.Where((_, i) => !missing.Contains(images[i])).GroupBy(example => example.Dataset))
            {
                var (added, updated) = await datasets.AddAsync(dataset.Key, [.. dataset]);
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
}
