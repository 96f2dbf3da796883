using System.Numerics.Tensors;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Reads a dataset and its vectors into one matrix.</summary>
internal sealed class TrainingDataLoader(DatasetStore datasets, VectorStore vectors, IOptions<TrainingOptions> options)
{
    /// <summary>The dataset as it is now; the run gets its digest.</summary>
    public async Task<TrainingData> LoadAsync(Run run, BackboneRecord backbone, CancellationToken cancellation)
    {
        var dataset = await datasets.ReadAsync(run.Dataset, cancellation) ?? throw Failure.NotFound($"there is no dataset '{run.Dataset}'");
        DatasetRules.Check(dataset, backbone.Dimensions, run.Recipe, options.Value.MemoryLimit);
        run.DatasetDigest = dataset.Digest;
        run.BackboneFingerprint = backbone.Fingerprint;

        var matrix = await ReadMatrixAsync(dataset, backbone, cancellation);
        var indexes = dataset.Labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        return new TrainingData(
            matrix, backbone.Dimensions, dataset.Labels,
            [.. dataset.Examples.Select(example => indexes[example.Label])],
            RowsOf(dataset, Split.Training), RowsOf(dataset, Split.Validation))
        {
            ImageHashes = [.. dataset.Examples.Select(example => example.ImageHash)],
        };
    }

    private async Task<float[]> ReadMatrixAsync(DatasetSnapshot dataset, BackboneRecord backbone, CancellationToken cancellation)
    {
        ImageHash[] images = [.. dataset.Examples.Select(example => HashOf(example))];
        var matrix = GC.AllocateUninitializedArray<float>(images.Length * backbone.Dimensions);
        IReadOnlyList<int> missing;
        try
        {
            missing = await vectors.ReadRowsAsync(backbone.Fingerprint, images, matrix, backbone.Dimensions, cancellation);
        }
        catch (InvalidDataException exception)
        {
            throw Failure.Precondition(exception.Message);
        }

        if (missing.Count > 0)
        {
            throw Failure.Precondition(
                $"{missing.Count:N0} of the {images.Length:N0} images of dataset '{dataset.Dataset}' have no stored vector of backbone "
                + $"{backbone.Fingerprint} any more, the first is {images[missing[0]]}: extract them again");
        }

        for (var row = 0; row < images.Length; row++)
        {
            if (!TensorPrimitives.IsFiniteAll<float>(matrix.AsSpan(row * backbone.Dimensions, backbone.Dimensions)))
            {
                throw Failure.Precondition($"the stored vector of image {images[row]} holds a number that is not finite: delete it and extract the image again");
            }
        }

        return matrix;
    }

    private static int[] RowsOf(DatasetSnapshot dataset, Split split) =>
        [.. dataset.Examples.Index().Where(example => example.Item.Split == split).Select(example => example.Index)];

    private static ImageHash HashOf(Example example) => ImageHash.TryRead(example.ImageHash.Span, out var image)
        ? image
        : throw new InvalidDataException($"a stored example has a hash of {example.ImageHash.Length} bytes");
}
