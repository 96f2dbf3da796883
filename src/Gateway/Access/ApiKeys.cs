using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Topfive.Gateway;

/// <summary>
/// The callers with keys. A key has 256 random bits, so that its plain SHA-256 gives nothing away: there is no list of likely
/// ones to try, as there is of passwords. A key's hash is found by its first eight bytes, which nobody can choose, and compared in
/// constant time.
/// </summary>
internal sealed class ApiKeys(IOptions<AccessOptions> options)
{
    private const int MaxLength = 256;

    private readonly FrozenDictionary<ulong, (byte[] Hash, KnownCaller Caller)[]> _keys = options.Value.ApiKeys
        .Select(key => (Hash: Convert.FromHexString(key.Sha256), Caller: new KnownCaller(key.Name, CallLimitOptions.RolesIn(key.Roles), key)))
        .GroupBy(key => PrefixOf(key.Hash))
        .ToFrozenDictionary(keys => keys.Key, keys => keys.ToArray());

    /// <returns>Null: it is nobody's.</returns>
    public KnownCaller? Find(string key)
    {
        if (key.Length > MaxLength) return null;

        Span<byte> text = stackalloc byte[3 * MaxLength];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(key, text)], hash);
        foreach (var (known, caller) in _keys.GetValueOrDefault(PrefixOf(hash)) ?? [])
        {
            if (CryptographicOperations.FixedTimeEquals(known, hash)) return caller;
        }

        return null;
    }

    private static ulong PrefixOf(ReadOnlySpan<byte> hash) => BinaryPrimitives.ReadUInt64BigEndian(hash);
}
