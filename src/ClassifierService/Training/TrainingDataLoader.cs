using System.Numerics.Tensors;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Reads a dataset and its vectors, once: what becomes of either in the store after that does not reach the run. The
/// vectors stay in memory, or in a mapped file when the run would else take more than Training__MemoryLimit.
/// </summary>
internal sealed class TrainingDataLoader(DatasetStore datasets, VectorStore vectors, IOptions<TrainingOptions> options)
{
    /// <summary>Vectors on their way from the store to the matrix: 8 MB of 2,048 floats.</summary>
    private const int RowsAtATime = 1_024;

    /// <summary>The dataset as it is now; the run gets its digest.</summary>
    public async Task<TrainingData> LoadAsync(Run run, BackboneRecord backbone, CancellationToken cancellation)
    {
        var dataset = await datasets.ReadAsync(run.Dataset, cancellation) ?? throw Failure.NotFound($"there is no dataset '{run.Dataset}'");
        DatasetRules.Check(dataset, backbone.Dimensions, run.Recipe, options.Value.MemoryLimit);
        run.DatasetDigest = dataset.Digest;
        run.BackboneFingerprint = backbone.Fingerprint;

        var matrix = MatrixFor(dataset, backbone.Dimensions, run.Recipe);
        try
        {
            await FillAsync(matrix, dataset, backbone, cancellation);
        }
        catch
        {
            matrix.Dispose();
            throw;
        }

        var indexes = dataset.Labels.Index().ToDictionary(label => label.Item, label => label.Index, StringComparer.Ordinal);
        return new TrainingData(
            matrix, dataset.Labels,
            [.. dataset.Examples.Select(example => indexes[example.Label])],
            RowsOf(dataset, Split.Training), RowsOf(dataset, Split.Validation))
        {
            Manifest = ManifestRules.Of(dataset, run.Recipe, backbone.Fingerprint),
            ImageHashes = [.. dataset.Examples.Select(example => example.ImageHash)],
        };
    }

    private VectorMatrix MatrixFor(DatasetSnapshot dataset, int dimensions, Recipe recipe)
    {
        var rows = dataset.Examples.Count;
        var bytes = VectorMatrix.BytesOf(rows, dimensions) + DatasetRules.WorkingBytes(dataset, dimensions, recipe);
        return bytes <= options.Value.MemoryLimit
            ? new MemoryMatrix(rows, dimensions)
            : new SnapshotMatrix(options.Value.SnapshotDirectory, rows, dimensions);
    }

    private async Task FillAsync(VectorMatrix matrix, DatasetSnapshot dataset, BackboneRecord backbone, CancellationToken cancellation)
    {
        ImageHash[] images = [.. dataset.Examples.Select(example => HashOf(example))];
        var buffer = new float[Math.Min(RowsAtATime, images.Length) * backbone.Dimensions];
        var missing = new List<ImageHash>();
        for (var first = 0; first < images.Length; first += RowsAtATime)
        {
            var window = new ArraySegment<ImageHash>(images, first, Math.Min(RowsAtATime, images.Length - first));
            var read = buffer.AsMemory(0, window.Count * backbone.Dimensions);
            var gone = await ReadAsync(window, read, backbone, cancellation);
            missing.AddRange(gone.Select(row => window[row]));
            if (missing.Count > 0) continue;
            CheckFinite(window, read.Span, backbone.Dimensions);
            matrix.Write(first, read.Span);
        }

        if (missing.Count > 0)
        {
            throw Failure.Precondition(
                $"{missing.Count:N0} of the {images.Length:N0} images of dataset '{dataset.Dataset}' have no stored vector of backbone "
                + $"{backbone.Fingerprint} any more, the first is {missing[0]}: extract them again");
        }
    }

    private async Task<IReadOnlyList<int>> ReadAsync(
        IReadOnlyList<ImageHash> images, Memory<float> target, BackboneRecord backbone, CancellationToken cancellation)
    {
        try
        {
            return await vectors.ReadRowsAsync(backbone.Fingerprint, images, target, backbone.Dimensions, cancellation);
        }
        catch (InvalidDataException exception)
        {
            throw Failure.Precondition(exception.Message);
        }
    }

    private static void CheckFinite(IReadOnlyList<ImageHash> images, ReadOnlySpan<float> vectors, int dimensions)
    {
        for (var row = 0; row < images.Count; row++)
        {
            if (!TensorPrimitives.IsFiniteAll(vectors.Slice(row * dimensions, dimensions)))
            {
                throw Failure.Precondition($"the stored vector of image {images[row]} holds a number that is not finite: delete it and extract the image again");
            }
        }
    }

    private static int[] RowsOf(DatasetSnapshot dataset, Split split) =>
        [.. dataset.Examples.Index().Where(example => example.Item.Split == split).Select(example => example.Index)];

    private static ImageHash HashOf(Example example) => ImageHash.TryRead(example.ImageHash.Span, out var image)
        ? image
        : throw new InvalidDataException($"a stored example has a hash of {example.ImageHash.Length} bytes");
}
