using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// TLS to Redis beyond what a connection string can say: whose certificates are believed, and which one is shown. The files
/// are read for every connection, of which there are few: a renewed certificate is used from the next one on.
/// </summary>
internal static class StoreTls
{
    public static void AddTo(ConfigurationOptions configuration, StoreOptions options)
    {
        if (options.Ca.Length > 0)
        {
            configuration.CertificateValidation += (_, shown, sent, errors) => errors == SslPolicyErrors.None
                || (errors == SslPolicyErrors.RemoteCertificateChainErrors && shown is X509Certificate2 server && IsSignedBy(options.Ca, server, sent));
        }

        if (options.Certificate.Length > 0)
        {
            configuration.CertificateSelection += (_, _, _, _, _) => X509Certificate2.CreateFromPemFile(options.Certificate, options.CertificateKey);
        }
    }

    /// <returns>What is wrong with the settings, for the person who made them; null: nothing.</returns>
    public static string? Problem(StoreOptions options)
    {
        if ((options.Ca + options.Certificate + options.CertificateKey).Length == 0) return null;
        if (options.Certificate.Length > 0 != options.CertificateKey.Length > 0) return "Store__Certificate and Store__CertificateKey belong together: set both or none";

        try
        {
            if (options.ConnectionString.Length == 0 || !ConfigurationOptions.Parse(options.ConnectionString).Ssl)
            {
                return "Store__Ca, Store__Certificate and Store__CertificateKey are for TLS, which ssl=true in Store__ConnectionString switches on";
            }

            if (options.Ca.Length > 0 && Read(options.Ca).Count == 0) return $"Store__Ca: there is no certificate in {options.Ca}";
            if (options.Certificate.Length > 0) X509Certificate2.CreateFromPemFile(options.Certificate, options.CertificateKey).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            return $"Store__Ca, Store__Certificate, Store__CertificateKey: {exception.Message}";
        }
    }

    private static bool IsSignedBy(string ca, X509Certificate2 server, X509Chain? sent)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.AddRange(Read(ca));
        if (sent is not null) chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
        return chain.Build(server);
    }

    private static X509Certificate2Collection Read(string file)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(File.ReadAllText(file));
        return certificates;
    }
}
