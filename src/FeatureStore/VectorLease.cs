using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>A stored vector in pooled memory: read it, then dispose; <see cref="Values"/> is gone after that.</summary>
public sealed class VectorLease : IDisposable
{
    private readonly Lease<byte>? _bytes;
    private readonly Lease<float>? _unpacked;

    internal VectorLease(Lease<byte> stored)
    {
        if (!HalfVector.Is(stored.Span))
        {
            _bytes = stored;
            return;
        }

        using (stored)
        {
            _unpacked = Lease<float>.Create(HalfVector.Length(stored.Span), clear: false);
            HalfVector.Unpack(stored.Span, _unpacked.Span);
        }
    }

    /// <summary>The stored bytes themselves, seen as floats; from a vector stored in half precision, its numbers.</summary>
    public ReadOnlySpan<float> Values => _unpacked is null ? MemoryMarshal.Cast<byte, float>(_bytes!.Span) : _unpacked.Span;

    public void Dispose()
    {
        _bytes?.Dispose();
        _unpacked?.Dispose();
    }
}
