using System.Runtime.InteropServices;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>A stored vector in pooled memory: read it, then dispose; <see cref="Values"/> is gone after that.</summary>
public sealed class VectorLease : IDisposable
{
    private readonly Lease<byte> _bytes;

    internal VectorLease(Lease<byte> bytes) => _bytes = bytes;

    /// <summary>The stored bytes themselves, seen as floats.</summary>
    public ReadOnlySpan<float> Values => MemoryMarshal.Cast<byte, float>(_bytes.Span);

    public void Dispose() => _bytes.Dispose();
}
