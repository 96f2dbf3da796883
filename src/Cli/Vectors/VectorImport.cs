using System.Numerics.Tensors;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.Cli;

/// <summary>
/// Vectors that were computed elsewhere into the store, and their examples into a dataset, some rows at a time: first the
/// vectors that the store lacks, then the examples of these rows. So an import that was cut off starts again, and sends what is still missing.
/// </summary>
internal sealed class VectorImport(TopfiveClient gateway, string dataset, VectorReader reader, Backbone backbone, bool overwrite)
{
    private const int RowsAtOnce = 1_000;

    /// <summary>2 MB of vectors.</summary>
    private const int VectorsInMessage = 250;

    private const int Compared = 256;

    /// <summary>
    /// Of a vector's largest number. Engines, devices and half precision stay far below it; another preprocessing or another
    /// image's vector goes far beyond.
    /// </summary>
    private const float Tolerance = 0.02f;

    /// <param name="rows">Every row of the file.</param>
    /// <param name="images">Those of them that are to be imported, in their order; each image once.</param>
    /// <param name="progress">Told of every row that is done, failed ones included.</param>
    /// <param name="cancellation">Ends the import; what has been imported stays.</param>
    public async Task<ImportResult> RunAsync(
        IReadOnlyList<LabeledFile> rows, IReadOnlyList<PlannedImage> images, IProgressDisplay progress, CancellationToken cancellation)
    {
        try
        {
            var planned = ByRow(rows, images);
            var missing = await gateway.FindMissingAsync(images.Select(image => image.Hash), cancellation);
            if (!overwrite && missing.Count < images.Count)
            {
                await CompareWithStoredAsync(planned, missing, cancellation);
            }

            var tally = new ImportTally(progress, ImportWords.Vectors);
            var row = 0;
            await foreach (var block in reader.ReadVectorsAsync(backbone.Dimensions, cancellation))
            {
                foreach (var part in block.Select(vector => (Image: planned[row++], Vector: vector)).Where(part => part.Image is not null).Chunk(RowsAtOnce))
                {
                    await SendAsync([.. part.Select(item => (item.Image!, item.Vector))], missing, tally, cancellation);
                }
            }

            return tally.Sum();
        }
        catch (RpcException failure) when (RpcMessage.IsUnreachable(failure))
        {
            throw RpcMessage.CutOff(failure);
        }
    }

    private static PlannedImage?[] ByRow(IReadOnlyList<LabeledFile> rows, IReadOnlyList<PlannedImage> images)
    {
        var next = 0;
        return [.. rows.Select(row => next < images.Count && ReferenceEquals(images[next].File, row) ? images[next++] : null)];
    }

    /// <summary>What is stored already shows whether the file's vectors are this backbone's, and each in the row of its image.</summary>
    private async Task CompareWithStoredAsync(PlannedImage?[] planned, IReadOnlySet<ImageHash> missing, CancellationToken cancellation)
    {
        var (row, compared) = (0, 0);
        await foreach (var block in reader.ReadVectorsAsync(backbone.Dimensions, cancellation))
        {
            var known = new Dictionary<ByteString, (string Id, ReadOnlyMemory<float> Vector)>();
            foreach (var vector in block)
            {
                if (planned[row++] is { } image && !missing.Contains(image.Hash) && compared + known.Count < Compared)
                {
                    known.Add(Bytes(image.Hash), (image.File.Id, vector));
                }
            }

            using var call = gateway.Features.GetVectors(new GetVectorsRequest { ImageHashes = { known.Keys } }, cancellationToken: cancellation);
            await foreach (var stored in call.ResponseStream.ReadAllAsync(cancellation))
            {
                var (id, vector) = known[stored.ImageHash];
                Compare(id, vector.Span, [.. stored.Vector]);
            }

            compared += known.Count;
            if (compared >= Compared)
            {
                return;
            }
        }
    }

    private static void Compare(string id, ReadOnlySpan<float> vector, float[] stored)
    {
        var difference = vector.Length == stored.Length ? new float[stored.Length] : throw Other("has another length");
        TensorPrimitives.Subtract(vector, stored, difference);
        var worst = Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference)) / Math.Abs(TensorPrimitives.MaxMagnitude<float>(stored));
        if (worst > Tolerance)
        {
            throw Other($"differs from it by {worst:P0} of its largest number");
        }

        CommandFailure Other(string how) => new(
            $"{id}: the store has this image's vector, and the file's {how}. Another backbone or preprocessing computed the file's vectors, or its rows are out of order. Nothing was imported; --overwrite replaces what is stored.");
    }

    private async Task SendAsync(
        IReadOnlyList<(PlannedImage Image, ReadOnlyMemory<float> Vector)> rows, IReadOnlySet<ImageHash> missing, ImportTally tally, CancellationToken cancellation)
    {
        var examples = new List<PlannedImage>();
        var vectors = new List<StoredVector>();
        foreach (var (image, vector) in rows)
        {
            if (!overwrite && !missing.Contains(image.Hash))
            {
                examples.Add(image);
            }
            else if (Fault(vector.Span) is { } fault)
            {
                tally.Add(new Problem(image.File.Id, fault));
            }
            else
            {
                examples.Add(image);
                vectors.Add(ToStored(image.Hash, vector.Span));
            }
        }

        await PutAsync(vectors, cancellation);
        await AddAsync(examples, missing, tally, cancellation);
    }

    private string? Fault(ReadOnlySpan<float> vector)
    {
        if (vector.Length != backbone.Dimensions)
        {
            return $"its vector has {vector.Length:N0} numbers; this backbone's have {backbone.Dimensions:N0}";
        }

        return TensorPrimitives.IsFiniteAll(vector) ? null : "its vector has a number that is not finite (NaN or infinite)";
    }

    private async Task PutAsync(List<StoredVector> vectors, CancellationToken cancellation)
    {
        if (vectors.Count == 0)
        {
            return;
        }

        using var call = gateway.Features.PutVectors(cancellationToken: cancellation);
        await call.RequestStream.WriteAllAsync(
            vectors.Chunk(VectorsInMessage).Select(part => new PutVectorsRequest { BackboneFingerprint = backbone.Fingerprint, Vectors = { part }, Overwrite = overwrite }),
            cancellation);
        await call;
    }

    private async Task AddAsync(List<PlannedImage> images, IReadOnlySet<ImageHash> missing, ImportTally tally, CancellationToken cancellation)
    {
        using var call = gateway.Datasets.AddExamples(cancellationToken: cancellation);
        await call.RequestStream.WriteAllAsync(
            images.Select(image => new Example { Dataset = dataset, ImageHash = Bytes(image.Hash), Label = image.File.Label, Split = image.Split, Group = image.File.Group }),
            cancellation);
        var lost = (await call).MissingVectors.ToHashSet();
        foreach (var image in images)
        {
            if (lost.Contains(Bytes(image.Hash)))
            {
                tally.Add(new Problem(image.File.Id, "the classifier finds no vector of it: do FeatureService and ClassifierService use the same store?"));
            }
            else
            {
                tally.AddImported(isNew: overwrite || missing.Contains(image.Hash));
            }
        }
    }

    private static StoredVector ToStored(ImageHash hash, ReadOnlySpan<float> vector)
    {
        var stored = new StoredVector { ImageHash = Bytes(hash) };
        stored.Vector.AddRange(vector);
        return stored;
    }

    private static ByteString Bytes(ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
