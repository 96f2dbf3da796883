using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Topfive;

/// <summary>An image's identity: the SHA-256 of its encoded bytes as received, 32 bytes.</summary>
public readonly struct ImageHash : IEquatable<ImageHash>, IComparable<ImageHash>
{
    /// <summary>Bytes of a hash: 32.</summary>
    public const int Size = 32;

    private readonly ulong _a, _b, _c, _d;

    private ImageHash(ReadOnlySpan<byte> bytes)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    /// <param name="image">Encoded, as a service gets it.</param>
    public static ImageHash Of(ReadOnlySpan<byte> image)
    {
        Span<byte> digest = stackalloc byte[Size];
        SHA256.HashData(image, digest);
        return new ImageHash(digest);
    }

    /// <param name="bytes">A hash as messages carry it, 32 bytes.</param>
    /// <param name="hash">What it is.</param>
    /// <returns>False when <paramref name="bytes"/> are not 32 bytes.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out ImageHash hash)
    {
        hash = bytes.Length == Size ? new ImageHash(bytes) : default;
        return bytes.Length == Size;
    }

    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _a);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], _d);
    }

    /// <returns>As messages carry it, 32 bytes.</returns>
    public byte[] ToByteArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>The hash's first eight bytes, big-endian: uniform over images.</summary>
    public ulong Prefix => _a;

    /// <inheritdoc />
    public int CompareTo(ImageHash other)
    {
        var order = _a.CompareTo(other._a);
        if (order == 0) order = _b.CompareTo(other._b);
        if (order == 0) order = _c.CompareTo(other._c);
        return order == 0 ? _d.CompareTo(other._d) : order;
    }

    /// <inheritdoc />
    public bool Equals(ImageHash other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    /// <inheritdoc />
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is ImageHash other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => unchecked((int)_d);

    /// <returns>64 lower-case hexadecimal digits.</returns>
    public override string ToString() => Convert.ToHexStringLower(ToByteArray());

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator ==(ImageHash left, ImageHash right) => left.Equals(right);

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator !=(ImageHash left, ImageHash right) => !left.Equals(right);

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator <(ImageHash left, ImageHash right) => left.CompareTo(right) < 0;

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator <=(ImageHash left, ImageHash right) => left.CompareTo(right) <= 0;

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator >(ImageHash left, ImageHash right) => left.CompareTo(right) > 0;

    /// <summary>By the bytes, as unsigned numbers.</summary>
    public static bool operator >=(ImageHash left, ImageHash right) => left.CompareTo(right) >= 0;
}
