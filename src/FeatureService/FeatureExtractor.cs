using System.Diagnostics;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>From an image to its vector: hash, look up, decode, batch, run, store, reply.</summary>
internal sealed class FeatureExtractor(
    BackboneState state, VectorStore store, VectorCache cache, InFlight<Computation> inFlight, ImageDecoder decoder, ImageBatcher batcher)
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
            return new Extraction(hash, backbone.File.Fingerprint, stored, lookUp);
        }

        var (computation, joined) = await ComputeOnceAsync(backbone, hash, image, urgency, cancellation);
        if (mustBeStored && computation.StoreError is { } error)
        {
            throw Failure.Unavailable("the image's vector was computed but the feature store did not take it: check Store__ConnectionString and the server behind it", error);
        }

        return new Extraction(hash, backbone.File.Fingerprint, computation, joined, lookUp);
    }

    /// <exception cref="Failure">NotFound: no vector of this image is stored.</exception>
    public async Task<Extraction> FindAsync(ImageHash image)
    {
        var backbone = state.Require();
        var began = Stopwatch.GetTimestamp();
        var stored = await store.GetAsync(backbone.File.Fingerprint, image)
            ?? throw Failure.NotFound($"no vector of image {image} by this backbone ({backbone.File.Fingerprint}) is stored: send the image itself");
        return new Extraction(image, backbone.File.Fingerprint, stored, Stopwatch.GetElapsedTime(began));
    }

    private async Task<(Computation Computation, bool Joined)> ComputeOnceAsync(
        RunningBackbone backbone, ImageHash hash, ReadOnlyMemory<byte> image, Urgency urgency, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await inFlight.RunAsync(hash, abandoned => ComputeAsync(backbone, hash, image, urgency, abandoned), cancellation);
            }
            catch (Failure refusal) when (refusal.Kind == FailureKind.QueueFull && urgency == Urgency.Bulk)
            {
                // It had joined an interactive call, which was refused; bulk work waits.
            }
        }
    }

    private async Task<Computation> ComputeAsync(
        RunningBackbone backbone, ImageHash hash, ReadOnlyMemory<byte> image, Urgency urgency, CancellationToken abandoned)
    {
        using var item = await batcher.AdmitAsync(urgency, abandoned);
        var decode = await decoder.DecodeAsync(image, item.Pixels, backbone.File.InputWidth, backbone.File.InputHeight, urgency, abandoned);
        var run = await batcher.RunAsync(item, abandoned);

        var began = Stopwatch.GetTimestamp();
        var storeError = await cache.StoreAsync(backbone, hash, run.Vector);
        return new Computation(run.Vector, decode, run.Waited - decode, run.Inference, Stopwatch.GetElapsedTime(began), run.BatchSize, storeError);
    }
}
