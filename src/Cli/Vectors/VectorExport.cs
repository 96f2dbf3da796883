using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Features.V1;

namespace Topfive.Cli;

/// <summary>
/// A dataset with its vectors into a file, in the order of the hashes. A part at a time is in memory, whatever the
/// dataset's size; what cannot be exported whole is not exported.
/// </summary>
internal sealed class VectorExport(TopfiveClient gateway, string dataset)
{
    /// <summary>8 MB of vectors.</summary>
    private const int RowsAtOnce = 1_024;

    /// <param name="create">Makes the file.</param>
    /// <param name="cancellation">Ends the export; no file stays.</param>
    /// <returns>How many examples were written.</returns>
    public async Task<long> RunAsync(Func<VectorFileHeader, Task<VectorFile>> create, CancellationToken cancellation)
    {
        var backbone = await gateway.Features.GetBackboneAsync(new GetBackboneRequest(), cancellationToken: cancellation);
        var expected = await gateway.Datasets.GetDatasetAsync(new GetDatasetRequest { Dataset = dataset }, cancellationToken: cancellation);
        var labels = expected.Labels.ToHashSet();
        await using var file = await create(new VectorFileHeader(expected.Examples, backbone.Dimensions, labels, backbone.Fingerprint));

        var written = 0L;
        using var listing = gateway.Datasets.ListExamples(new ListExamplesRequest { Dataset = dataset }, cancellationToken: cancellation);
        await foreach (var examples in listing.ResponseStream.ReadAllAsync(cancellation).Chunk(RowsAtOnce).WithCancellation(cancellation))
        {
            written += examples.Length;
            if (written > expected.Examples || examples.Any(example => !labels.Contains(example.Label)))
            {
                throw Changed();
            }

            await file.WriteAsync(await ReadRowsAsync(examples, backbone.Dimensions, cancellation), cancellation);
        }

        if (written != expected.Examples)
        {
            throw Changed();
        }

        await file.CompleteAsync(cancellation);
        return written;
    }

    /// <summary>GetVectors answers in the order asked, and passes over what is not stored.</summary>
    private async Task<List<ExportedRow>> ReadRowsAsync(Example[] examples, int dimensions, CancellationToken cancellation)
    {
        var request = new GetVectorsRequest { ImageHashes = { examples.Select(example => example.ImageHash) } };
        using var call = gateway.Features.GetVectors(request, cancellationToken: cancellation);
        var rows = new List<ExportedRow>(examples.Length);
        await foreach (var stored in call.ResponseStream.ReadAllAsync(cancellation))
        {
            var example = examples[rows.Count];
            if (stored.ImageHash != example.ImageHash)
            {
                throw NotStored(example);
            }

            if (stored.Vector.Count != dimensions)
            {
                throw new CommandFailure(
                    $"The stored vector of image {Convert.ToHexStringLower(example.ImageHash.Span)} has {stored.Vector.Count} numbers, not {dimensions}: delete it and import the image again.");
            }

            rows.Add(new ExportedRow(example, stored.Vector.ToArray()));
        }

        return rows.Count == examples.Length ? rows : throw NotStored(examples[rows.Count]);
    }

    private CommandFailure NotStored(Example example) => new(
        $"Image {Convert.ToHexStringLower(example.ImageHash.Span)} of dataset \"{dataset}\" has no stored vector of the current backbone: import it again.");

    private CommandFailure Changed() => new($"Dataset \"{dataset}\" changed while it was exported: export it again.");
}
