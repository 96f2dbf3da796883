using Topfive.Features.V1;
using Topfive.FeatureStore;

namespace Topfive.FeatureService;

/// <summary>One run of the backbone for one image.</summary>
/// <param name="Vector">What it gave.</param>
/// <param name="Decode">Time of reading the header, decoding and resizing.</param>
/// <param name="Queue">Time of waiting.</param>
/// <param name="Inference">Time of the whole batch's run.</param>
/// <param name="Store">Time of storing.</param>
/// <param name="BatchSize">Images in the batch.</param>
/// <param name="StoreError">Why the vector is not stored; null when it is.</param>
internal sealed record Computation(
    ReadOnlyMemory<float> Vector, TimeSpan Decode, TimeSpan Queue, TimeSpan Inference, TimeSpan Store, int BatchSize, Exception? StoreError)
{
    /// <summary>No run after all: it was stored in the meantime.</summary>
    public static Computation Found(ReadOnlyMemory<float> vector) => new(vector, default, default, default, default, BatchSize: 0, StoreError: null);

    public bool WasFound => BatchSize == 0;
}

/// <summary>An image's vector, where it came from and what it cost. Dispose when it has been read.</summary>
internal sealed class Extraction : IDisposable
{
    private readonly VectorLease? _stored;
    private readonly Computation? _computation;

    /// <summary>From the store.</summary>
    public Extraction(ImageHash image, string fingerprint, VectorLease stored, TimeSpan lookUp)
    {
        (Image, Fingerprint, LookUp, Source) = (image, fingerprint, lookUp, Source.Store);
        _stored = stored;
    }

    /// <summary>From the backbone, run by this call or by another one that this call joined.</summary>
    public Extraction(ImageHash image, string fingerprint, Computation computation, bool joined, TimeSpan lookUp)
    {
        (Image, Fingerprint, LookUp) = (image, fingerprint, lookUp);
        Source = joined ? Source.InFlight : computation.WasFound ? Source.Store : Source.Computed;
        _computation = computation;
    }

    public ImageHash Image { get; }

    public string Fingerprint { get; }

    public Source Source { get; }

    public TimeSpan LookUp { get; }

    /// <summary>Null when this call itself computed nothing.</summary>
    public Computation? OwnComputation => Source == Source.Computed ? _computation : null;

    public ReadOnlySpan<float> Vector => _stored is null ? _computation!.Vector.Span : _stored.Values;

    public void Dispose() => _stored?.Dispose();
}
