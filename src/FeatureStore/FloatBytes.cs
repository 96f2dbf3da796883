using System.Buffers;
using System.Runtime.InteropServices;

namespace Topfive.FeatureStore;

/// <summary>Floats seen as the bytes that they are, so that a vector is stored without a copy of it being made.</summary>
internal sealed class FloatBytes(ReadOnlyMemory<float> floats) : MemoryManager<byte>
{
    public override Span<byte> GetSpan() => MemoryMarshal.AsBytes(MemoryMarshal.AsMemory(floats).Span);

    public override MemoryHandle Pin(int elementIndex = 0) => elementIndex % sizeof(float) == 0
        ? floats[(elementIndex / sizeof(float))..].Pin()
        : throw new NotSupportedException("floats are pinned whole");

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing)
    {
    }
}
