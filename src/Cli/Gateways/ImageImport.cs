using Google.Protobuf;
using Grpc.Core;
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
internal sealed class ImageImport(GatewayClient gateway, string dataset, AugmentedCopies copies)
{
    // Enough to keep every batch of the services full, little enough to stay in memory whatever the images weigh.
    private const int InFlight = 64;

    private const int HashesAsked = 1_000;

    /// <param name="images">Each image once.</param>
    /// <param name="source">Where the bytes are.</param>
    /// <param name="progress">Told of every image that is done, failed ones included.</param>
    /// <param name="cancellation">Ends the import; what has been imported stays.</param>
    public async Task<ImportResult> RunAsync(
        IReadOnlyList<PlannedImage> images, IImageSource source, IProgressDisplay progress, CancellationToken cancellation)
    {
        var tally = new ImportTally(progress, ImportWords.Images);
        using var window = new SemaphoreSlim(InFlight);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var call = gateway.Ingestion.Ingest(cancellationToken: stop.Token);

        var sending = SendOrStopAsync();
        try
        {
            await foreach (var result in call.ResponseStream.ReadAllAsync(stop.Token))
            {
                window.Release();
                tally.Add(result);
            }
        }
        catch (RpcException failure) when (RpcMessage.IsUnreachable(failure))
        {
            throw RpcMessage.CutOff(failure);
        }
        catch (Exception) when (stop.IsCancellationRequested)
        {
            // The sender stopped the call: why is the news.
            await sending;
            throw;
        }
        finally
        {
            // Where the call failed, its status is the news, not the sender's broken stream.
            await stop.CancelAsync();
            await sending.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }

        await sending;
        return tally.Sum();

        async Task SendOrStopAsync()
        {
            try
            {
                await SendAsync(call.RequestStream, images, source, tally, window, stop.Token);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }
    }

    private async Task SendAsync(
        IClientStreamWriter<LabeledImage> stream, IReadOnlyList<PlannedImage> images, IImageSource source,
        ImportTally tally, SemaphoreSlim window, CancellationToken cancellation)
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

                await window.WaitAsync(cancellation);
                var known = Labeled(image);
                known.ImageHash = Bytes(image.Hash);
                if (!await stream.TryWriteAsync(known, cancellation))
                {
                    return;
                }
            }
        }

        await foreach (var (file, bytes, problem) in source.ReadAsync([.. missing.Keys], cancellation))
        {
            if (problem is not null)
            {
                tally.Add(problem);
                continue;
            }

            await window.WaitAsync(cancellation);
            var unknown = Labeled(missing[file]);
            unknown.Image = UnsafeByteOperations.UnsafeWrap(bytes);
            if (!await stream.TryWriteAsync(unknown, cancellation))
            {
                return;
            }
        }

        await stream.WriteAllAsync([], cancellation);
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

    private static ByteString Bytes(ImageHash hash) => UnsafeByteOperations.UnsafeWrap(hash.ToByteArray());
}
