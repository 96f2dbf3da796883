using System.Numerics.Tensors;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>Vectors of images that are of none of a head's labels.</summary>
/// <param name="Dataset">Where they are from.</param>
/// <param name="Digest">Of that dataset, when they were read.</param>
/// <param name="Matrix">Row-major [count, dimensions].</param>
/// <param name="Dimensions">Length of a vector.</param>
internal sealed record Outliers(string Dataset, string Digest, float[] Matrix, int Dimensions)
{
    /// <summary>32 MiB of vectors; with so many the area under a ROC curve is known to a hundredth.</summary>
    public const int Most = 4_096;

    public int Count => Matrix.Length / Dimensions;

    public ReadOnlySpan<float> Row(int row) => Matrix.AsSpan(row * Dimensions, Dimensions);
}

/// <summary>Reads the images of another dataset that are of none of a run's labels.</summary>
internal sealed class OutlierLoader(DatasetStore datasets, VectorStore vectors)
{
    /// <exception cref="Failure">NOT_FOUND: there is no such dataset.</exception>
    public async Task CheckAsync(string dataset)
    {
        if (dataset.Length == 0) return;
        NameRule.Check(dataset, "outliers_dataset");
        if (await datasets.CountAsync(dataset) == 0) throw Missing(dataset);
    }

    /// <param name="dataset">Where to look; empty: nowhere.</param>
    /// <param name="data">What the run learns from; what it has is no outlier.</param>
    /// <param name="backbone">Whose vectors.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>The first <see cref="Outliers.Most"/> in the order of their hashes; null where none are wanted.</returns>
    /// <exception cref="Failure">NOT_FOUND or FAILED_PRECONDITION, naming the dataset and what it lacks.</exception>
    public async Task<Outliers?> LoadAsync(string dataset, TrainingData data, BackboneRecord backbone, CancellationToken cancellation)
    {
        if (dataset.Length == 0) return null;
        if (data.ValidationRows.Length == 0)
        {
            throw Failure.Precondition($"outliers_dataset is '{dataset}', but the run's own dataset has no validation examples to hold its images against");
        }

        var snapshot = await datasets.ReadAsync(dataset, cancellation) ?? throw Missing(dataset);
        var (labels, known) = (data.Labels.ToHashSet(StringComparer.Ordinal), data.ImageHashes.ToHashSet());
        ImageHash[] images = [.. snapshot.Examples
            .Where(example => example.Copy == 0 && !labels.Contains(example.Label) && !known.Contains(example.ImageHash))
            .Take(Outliers.Most).Select(example => ImageHash.TryRead(example.ImageHash.Span, out var image)
                ? image
                : throw new InvalidDataException($"a stored example has a hash of {example.ImageHash.Length} bytes"))];
        if (images.Length == 0)
        {
            throw Failure.Precondition($"every image of outliers_dataset '{dataset}' is in the run's own dataset or of one of its labels: none is unknown");
        }

        var matrix = new float[images.Length * backbone.Dimensions];
        await FillAsync(dataset, images, matrix, backbone, cancellation);
        return new Outliers(dataset, snapshot.Digest, matrix, backbone.Dimensions);
    }

    private async Task FillAsync(string dataset, ImageHash[] images, float[] matrix, BackboneRecord backbone, CancellationToken cancellation)
    {
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
                $"{missing.Count:N0} images of outliers_dataset '{dataset}' have no stored vector of backbone {backbone.Fingerprint}, the first is {images[missing[0]]}: extract them again");
        }

        if (!TensorPrimitives.IsFiniteAll<float>(matrix))
        {
            throw Failure.Precondition($"a stored vector of outliers_dataset '{dataset}' holds a number that is not finite: delete it and extract its image again");
        }
    }

    private static Failure Missing(string dataset) => Failure.NotFound($"there is no dataset '{dataset}', which outliers_dataset names");
}
