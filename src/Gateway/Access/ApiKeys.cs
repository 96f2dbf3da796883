using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Topfive.Gateway;

/// <summary>
/// The callers with keys. A key has 256 random bits, so that its plain SHA-256 gives nothing away: there is no list of likely
/// ones to try, as there is of passwords. Each look compares with every hash, and takes as long whichever it is.
/// </summary>
internal sealed class ApiKeys(IOptions<AccessOptions> options)
{
    private const int MaxLength = 256;

    private readonly (byte[] Hash, KnownCaller Caller)[] _keys =
        [.. options.Value.ApiKeys.Select(key => (Convert.FromHexString(key.Sha256), new KnownCaller(key.Name, CallLimitOptions.RolesIn(key.Roles), key)))];

    /// <returns>Null: it is nobody's.</returns>
    public KnownCaller? Find(string key)
    {
        if (key.Length > MaxLength) return null;

        Span<byte> text = stackalloc byte[3 * MaxLength];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(text[..Encoding.UTF8.GetBytes(key, text)], hash);
        KnownCaller? found = null;
        foreach (var (known, caller) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(known, hash)) found = caller;
        }

        return found;
    }
}
