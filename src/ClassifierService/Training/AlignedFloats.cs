using System.Runtime.InteropServices;

namespace Topfive.ClassifierService;

/// <summary>Floats outside the managed heap, zeroed, on a cache line's boundary so that no vector load is split.</summary>
internal sealed unsafe class AlignedFloats : IDisposable
{
    private const int CacheLine = 64;

    public AlignedFloats(long length)
    {
        Length = length;
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)length * sizeof(float), CacheLine);
        NativeMemory.Clear(Pointer, (nuint)length * sizeof(float));
    }

    ~AlignedFloats() => Free();

    public long Length { get; }

    public float* Pointer { get; private set; }

    public Span<float> Slice(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length);
        return new Span<float>(Pointer + start, length);
    }

    public void CopyTo(AlignedFloats target)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(target.Length, Length, nameof(target));
        NativeMemory.Copy(Pointer, target.Pointer, (nuint)Length * sizeof(float));
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
