using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topfive.Client;

/// <summary>Certificates and keys as cert-manager, openssl and step write them.</summary>
internal static class PemFiles
{
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="CryptographicException">It is no certificate, no key, or the key of another one.</exception>
    public static Identity ReadIdentity(string certificate, string key)
    {
        var (text, keyText) = (File.ReadAllText(certificate), File.ReadAllText(key));
        var own = X509Certificate2.CreateFromPem(text, keyText);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(text);
        chain[0].Dispose();
        chain.RemoveAt(0);
        return new Identity(own, chain);
    }

    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">There is no certificate in it.</exception>
    public static CaCertificates ReadCa(string file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(File.ReadAllText(file));
        return certificates.Count > 0 ? new CaCertificates(certificates) : throw new InvalidDataException($"there is no certificate in {file}; a PEM file has BEGIN CERTIFICATE in it");
    }

    /// <returns>What is wrong with the files, for the person who named them; null: nothing.</returns>
    public static string? Problem(Func<IDisposable> read)
    {
        try
        {
            read().Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or InvalidDataException or ArgumentException)
        {
            return exception.Message;
        }
    }
}

/// <summary>A certificate with its private key, and those between it and its CA.</summary>
internal sealed record Identity(X509Certificate2 Certificate, X509Certificate2Collection Chain) : IDisposable
{
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var link in Chain) link.Dispose();
    }
}

/// <summary>Whom to believe: the roots, and certificates that may stand between them and the one that is shown.</summary>
internal sealed class CaCertificates(X509Certificate2Collection certificates) : IDisposable
{
    /// <summary>These roots and no others. Nobody is asked whether a certificate was revoked: that is what short-lived ones are for.</summary>
    public X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        foreach (var certificate in certificates)
        {
            var isRoot = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
            (isRoot ? policy.CustomTrustStore : policy.ExtraStore).Add(certificate);
        }

        return policy;
    }

    public void Dispose()
    {
        foreach (var certificate in certificates) certificate.Dispose();
    }
}
