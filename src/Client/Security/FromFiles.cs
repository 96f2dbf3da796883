using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Topfive.Client;

/// <summary>
/// What was made from files, and is made again when their content changes: certificates are renewed in place, by
/// links that move from one directory to another (Kubernetes), of which a file's time says nothing.
/// </summary>
/// <param name="files">Their content is compared, at most once a second and only when the value is asked for.</param>
/// <param name="make">Makes the value; where it fails later, the one before stays.</param>
/// <param name="log">Hears of both.</param>
internal sealed class FromFiles<T>(string[] files, Func<T> make, ILogger log)
    where T : class
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private T? _value;
    private byte[] _digest = [];
    private long _looked;

    public T Value
    {
        get
        {
            lock (_lock)
            {
                if (_value is null)
                {
                    (_digest, _value, _looked) = (Digest(), make(), Stopwatch.GetTimestamp());
                }
                else if (Stopwatch.GetElapsedTime(_looked) > LookAgainAfter)
                {
                    LookAgain();
                    _looked = Stopwatch.GetTimestamp();
                }

                return _value;
            }
        }
    }

    private void LookAgain()
    {
        try
        {
            var digest = Digest();
            if (!digest.AsSpan().SequenceEqual(_digest))
            {
                // What is in use by connections is left to the garbage collector.
                (_value, _digest) = (make(), digest);
                log.LogInformation("{Files} changed, and new connections use what is in them now", string.Join(", ", files));
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException or ArgumentException)
        {
            log.LogError("{Files} changed and cannot be used, what was in them before still is: {Problem}", string.Join(", ", files), exception.Message);
        }
    }

    private byte[] Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files) hash.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        return hash.GetHashAndReset();
    }
}
