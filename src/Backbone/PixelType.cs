using System.Runtime.Intrinsics;

namespace Topfive.Backbones;

/// <summary>What a backbone's input <c>pixels</c> is made of.</summary>
public enum PixelType
{
    /// <summary>Float32, 0 to 255, fractions and all: what resizing gives.</summary>
    Floats,

    /// <summary>
    /// Uint8: what resizing gives, rounded. A quarter of the bytes to copy, and slightly other vectors, so it is a
    /// preprocessing of its own.
    /// </summary>
    Bytes,
}

/// <summary>How pixels become bytes.</summary>
public static class PixelBytes
{
    /// <summary>Of one value, in bytes.</summary>
    public static int Size(this PixelType type) => type == PixelType.Bytes ? sizeof(byte) : sizeof(float);

    /// <param name="pixels">0 to 255.</param>
    /// <param name="bytes">As many; filled with the nearest whole numbers, halves rounded up. It may be the memory of <paramref name="pixels"/> itself.</param>
    public static void Round(ReadOnlySpan<float> pixels, Span<byte> bytes)
    {
        // Forwards: byte i is written after float i has been read, and lies before float i + 1.
        var i = 0;
        for (; i + Vector512<byte>.Count <= pixels.Length; i += Vector512<byte>.Count)
        {
            var (first, second) = (Quarter(pixels, i), Quarter(pixels, i + 16));
            var (third, fourth) = (Quarter(pixels, i + 32), Quarter(pixels, i + 48));
            Vector512.Narrow(Vector512.Narrow(first, second), Vector512.Narrow(third, fourth)).CopyTo(bytes[i..]);
        }

        for (; i < pixels.Length; i++) bytes[i] = (byte)(pixels[i] + 0.5f);
    }

    private static Vector512<uint> Quarter(ReadOnlySpan<float> pixels, int at) =>
        Vector512.ConvertToUInt32(Vector512.Create(pixels[at..]) + Vector512.Create(0.5f));
}
