using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Client;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;

namespace Topfive.Cli;

/// <summary>
/// Sends labelled images to the Gateway, which extracts them and adds them to a dataset: those that the store knows by hash
/// alone, the bytes of the others. Nothing is remembered here: an import that was cut off starts again, and only what had not
/// been stored is sent.
/// </summary>
/// <param name="gateway">Where to.</param>
/// <param name="dataset">The dataset's name.</param>
/// <param name="copies">Augmented copies that each training image is to have.</param>
internal sealed class ImageImport(TopfiveClient gateway, string dataset, AugmentedCopies copies)
{
    private const int HashesAsked = 1_000;

    /// <param name="images">Each image once.</param>
    /// <param name="source">Where the bytes are.</param>
    /// <param name="progress">Told of every image that is done, failed ones included.</param>
    /// <param name="cancellation">Ends the import; what has been imported stays.</param>
    public async Task<ImportResult> RunAsync(
        IReadOnlyList<PlannedImage> images, IImageSource source, IProgressDisplay progress, CancellationToken cancellation)
    {
        var tally = new ImportTally(progress, ImportWords.Images);
        try
        {
            await foreach (var result in gateway.IngestAsync(RequestsAsync(images, source, tally, cancellation), cancellationToken: cancellation))
            {
                tally.Add(result);
            }
        }
        catch (RpcException failure) when (RpcMessage.IsUnreachable(failure))
        {
            throw RpcMessage.CutOff(failure);
        }

        return tally.Sum();
    }

    private async IAsyncEnumerable<LabeledImage> RequestsAsync(
        IReadOnlyList<PlannedImage> images, IImageSource source, ImportTally tally, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var missing = new Dictionary<LabeledFile, PlannedImage>();
        foreach (var batch in images.Chunk(Math.Max(1, HashesAsked / (1 + copies.Count))))
        {
            var unknown = await gateway.FindMissingAsync(batch.SelectMany(copies.WithOriginal), cancellation);
            foreach (var image in batch)
            {
                if (copies.WithOriginal(image).Any(unknown.Contains))
                {
                    missing.Add(image.File, image);
                    continue;
                }

                var known = Labeled(image);
                known.ImageHash = UnsafeByteOperations.UnsafeWrap(image.Hash.ToByteArray());
                yield return known;
            }
        }

        await foreach (var (file, bytes, problem) in source.ReadAsync([.. missing.Keys], cancellation))
        {
            if (problem is not null)
            {
                tally.Add(problem);
                continue;
            }

            var unknown = Labeled(missing[file]);
            unknown.Image = UnsafeByteOperations.UnsafeWrap(bytes);
            yield return unknown;
        }
    }

    private LabeledImage Labeled(PlannedImage image) => new()
    {
        Id = image.File.Id,
        Dataset = dataset,
        Label = image.File.Label,
        Split = image.Split,
        Group = image.File.Group,
        AugmentedCopies = copies.Count,
        Augmentation = copies.Augmentation,
    };
}
