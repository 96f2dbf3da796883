using System.Diagnostics;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>From an image to its vector: hash, look up, decode, batch, run, store, reply.</summary>
internal sealed class FeatureExtractor(
    BackboneState state, VectorStore store, VectorCache cache, Thumbnails thumbnails, InFlight<Computation> inFlight, ImageDecoder decoder, ImageBatcher batcher,
    FeatureMetrics metrics)
{
    /// <param name="image">The encoded image.</param>
    /// <param name="urgency">Bulk waits where an interactive call is refused.</param>
    /// <param name="mustBeStored">Fail when the vector cannot be stored, because the caller will not get it.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <exception cref="Failure">InvalidInput, QueueFull or Unavailable.</exception>
    public async Task<Extraction> ExtractAsync(
        ReadOnlyMemory<byte> image, Urgency urgency, bool mustBeStored, CancellationToken cancellation)
    {
        var backbone = state.Require();
        var hash = ImageHash.Of(image.Span);

        var began = Stopwatch.GetTimestamp();
        var stored = await cache.FindAsync(backbone, hash);
        var lookUp = Stopwatch.GetElapsedTime(began);
        if (stored is not null)
        {
            return metrics.Count(new Extraction(hash, backbone.File.Fingerprint, stored, lookUp));
        }

        return await ComputeOnceAsync(backbone, hash, image, urgency, mustBeStored, lookUp, Decoding(image, backbone, urgency), cancellation);
    }

    /// <summary>Augmented copies of one image, from one decoding; those that are stored are not made again.</summary>
    /// <param name="image">The encoded image.</param>
    /// <param name="augmentation">How copies are made.</param>
    /// <param name="copies">Their numbers; 0 is the image itself.</param>
    /// <param name="urgency">Bulk waits where an interactive call is refused.</param>
    /// <param name="mustBeStored">Fail when a vector cannot be stored, because the caller will not get it.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <returns>One for each of <paramref name="copies"/>.</returns>
    /// <exception cref="Failure">InvalidInput, QueueFull or Unavailable.</exception>
    public async Task<Extraction[]> ExtractCopiesAsync(
        ReadOnlyMemory<byte> image, Augmentation augmentation, IReadOnlyList<int> copies, Urgency urgency, bool mustBeStored, CancellationToken cancellation)
    {
        var backbone = state.Require();
        var original = ImageHash.Of(image.Span);
        ImageHash[] hashes = [.. copies.Select(copy => AugmentedCopy.Hash(original, augmentation, copy))];

        var began = Stopwatch.GetTimestamp();
        var stored = await AllAsync(hashes.Select(hash => cache.FindAsync(backbone, hash)));
        var lookUp = Stopwatch.GetElapsedTime(began);

        var decoded = new DecodedImage(decoder, image, urgency, backbone.File.InputWidth, backbone.File.InputHeight);
        return await AllAsync(copies.Select((copy, i) => stored[i] is { } found
            ? Task.FromResult(metrics.Count(new Extraction(hashes[i], backbone.File.Fingerprint, found, lookUp)))
            : ComputeOnceAsync(
                backbone, hashes[i], copy == 0 ? image : default, urgency, mustBeStored, lookUp,
                (pixels, abandoned) => decoded.FillAsync(pixels, Transformation.Draw(augmentation, original, copy), abandoned),
                cancellation)));
    }

    /// <param name="image">The original.</param>
    /// <param name="augmentation">How the copy is made; null: as nobody says.</param>
    /// <param name="copy">Its number; 0 is the image itself.</param>
    /// <exception cref="Failure">NotFound: it is not stored.</exception>
    public async Task<Extraction> FindAsync(ImageHash image, Augmentation? augmentation, int copy)
    {
        var backbone = state.Require();
        var began = Stopwatch.GetTimestamp();
        var hash = AugmentedCopy.Hash(image, augmentation, copy);
        var stored = await store.GetAsync(backbone.File.Fingerprint, hash) ?? throw Failure.NotFound(
            $"no vector of {(copy == 0 ? "" : $"augmented copy {copy} of ")}image {image} by this backbone ({backbone.File.Fingerprint}) is stored: send the image itself");
        return metrics.Count(new Extraction(hash, backbone.File.Fingerprint, stored, Stopwatch.GetElapsedTime(began)));
    }

    /// <returns>One for each of <paramref name="copies"/>.</returns>
    /// <exception cref="Failure">NotFound: one of them is not stored.</exception>
    public Task<Extraction[]> FindCopiesAsync(ImageHash image, Augmentation? augmentation, IReadOnlyList<int> copies) =>
        AllAsync(copies.Select(copy => FindAsync(image, augmentation, copy)));

    /// <summary>All of them or none: when one fails, the pooled memory of the others is given back.</summary>
    private static async Task<T[]> AllAsync<T>(IEnumerable<Task<T>> parts)
        where T : IDisposable?
    {
        Task<T>[] all = [.. parts];
        try
        {
            return await Task.WhenAll(all);
        }
        catch
        {
            foreach (var part in all.Where(part => part.IsCompletedSuccessfully)) part.Result?.Dispose();
            throw;
        }
    }

    /// <summary>Made here, so that a hit, which decodes nothing, does not pay for it.</summary>
    private Func<float[], CancellationToken, Task<TimeSpan>> Decoding(ReadOnlyMemory<byte> image, RunningBackbone backbone, Urgency urgency) =>
        (pixels, abandoned) => decoder.DecodeAsync(image, pixels, backbone.File.InputWidth, backbone.File.InputHeight, urgency, abandoned);

    /// <param name="original">The encoded image; empty for an augmented copy.</param>
    /// <param name="fill">Puts the pixels into a buffer, and says how long that took.</param>
    private async Task<Extraction> ComputeOnceAsync(
        RunningBackbone backbone, ImageHash hash, ReadOnlyMemory<byte> original, Urgency urgency, bool mustBeStored, TimeSpan lookUp,
        Func<float[], CancellationToken, Task<TimeSpan>> fill, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var (computation, joined) = await inFlight.RunAsync(hash, abandoned => ComputeAsync(backbone, hash, original, urgency, fill, abandoned), cancellation);
                if (mustBeStored && computation.StoreError is { } error)
                {
                    // A store that refuses says why itself.
                    if (!StoreFailure.IsAway(error)) throw error;
                    throw Failure.Unavailable("the image's vector was computed but the feature store did not take it: check Store__ConnectionString and the server behind it", error);
                }

                return metrics.Count(new Extraction(hash, backbone.File.Fingerprint, computation, joined, lookUp));
            }
            catch (Failure refusal) when (refusal.Kind == FailureKind.QueueFull && urgency == Urgency.Bulk)
            {
                // It had joined an interactive call, which was refused; bulk work waits.
            }
        }
    }

    private async Task<Computation> ComputeAsync(
        RunningBackbone backbone, ImageHash hash, ReadOnlyMemory<byte> original, Urgency urgency, Func<float[], CancellationToken, Task<TimeSpan>> fill,
        CancellationToken abandoned)
    {
        // A call that looked before another one had stored the vector, and came here after that one had gone, finds it now.
        if (await cache.FindAsync(backbone, hash) is { } stored)
        {
            using (stored) return Computation.Found(stored.Values.ToArray());
        }

        using var item = await batcher.AdmitAsync(urgency, abandoned);
        var decode = await fill(item.Pixels, abandoned);
        // Before the engine has the pixels, which are another image's when it is done with them.
        using var picture = thumbnails.Draw(original, item.Pixels, backbone.File.InputWidth, backbone.File.InputHeight);
        var running = batcher.RunAsync(item, abandoned);
        var kept = thumbnails.KeepAsync(hash, picture);
        var run = await running;
        metrics.Computed(urgency, decode, run.Waited - decode);

        var began = Stopwatch.GetTimestamp();
        var storeError = await cache.StoreAsync(backbone, hash, run.Vector);
        await kept;
        return new Computation(run.Vector, decode, run.Waited - decode, run.Inference, Stopwatch.GetElapsedTime(began), run.BatchSize, storeError);
    }
}
