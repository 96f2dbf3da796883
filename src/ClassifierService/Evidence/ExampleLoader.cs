using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Reads a dataset's training examples and their vectors.</summary>
internal sealed class ExampleLoader(DatasetStore datasets, VectorStore vectors)
{
    public Task<long> CountAsync(ExamplesKey key) => datasets.CountAsync(key.Dataset);

    /// <returns>The dataset as it is now.</returns>
    /// <exception cref="Failure">FAILED_PRECONDITION: it is gone.</exception>
    public async Task<DatasetSnapshot> ReadAsync(ExamplesKey key, CancellationToken cancellation) =>
        await datasets.ReadAsync(key.Dataset, cancellation)
            ?? throw Failure.Precondition($"dataset '{key.Dataset}', which the head was trained on, was deleted: its examples cannot be shown; leave nearest_examples 0");

    /// <summary>
    /// Examples whose vector is gone from the store are left out: there is nothing to compare. So are augmented copies: their hashes
    /// name no image that a person could look at, and their originals are there.
    /// </summary>
    public async Task<ExampleIndex> LoadAsync(ExamplesKey key, DatasetSnapshot dataset, CancellationToken cancellation)
    {
        Example[] examples = [.. dataset.Examples.Where(example => example.Split == Split.Training && example.Copy == 0)];
        ImageHash[] images = [.. examples.Select(example => ImageHash.TryRead(example.ImageHash.Span, out var image)
            ? image
            : throw new InvalidDataException($"a stored example has a hash of {example.ImageHash.Length} bytes"))];
        // Zeroed: a row without a vector has length 0.
        var matrix = new float[images.Length * key.Dimensions];
        try
        {
            await vectors.ReadRowsAsync(key.BackboneFingerprint, images, matrix, key.Dimensions, cancellation);
        }
        catch (InvalidDataException exception)
        {
            throw Failure.Precondition(exception.Message);
        }

        return new ExampleIndex(dataset.Digest, images, [.. examples.Select(example => example.Label)], matrix, key.Dimensions);
    }
}
