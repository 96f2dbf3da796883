using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Topfive.TestKit;

/// <summary>A CA of a test's own, and certificates that it signs for this machine, as PEM files.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly ECDsa _caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _ca;
    private int _issued;

    public TestCertificates()
    {
        var request = new CertificateRequest("CN=Topfive test CA", _caKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        Ca = _directory.File("ca.pem");
        File.WriteAllText(Ca, _ca.ExportCertificatePem());
    }

    /// <summary>The file of the CA's certificate.</summary>
    public string Ca { get; }

    /// <summary>Good for localhost and 127.0.0.1, as server and as client, unless told.</summary>
    /// <param name="name">Its DNS name beside localhost; with <paramref name="onlyName"/> alone.</param>
    /// <param name="onlyName">True: not for localhost.</param>
    /// <param name="expired">True: since an hour.</param>
    /// <returns>The files of the certificate and of its key.</returns>
    public (string Certificate, string Key) Issue(string name = "topfive.test", bool onlyName = false, bool expired = false)
    {
        var number = Interlocked.Increment(ref _issued);
        var files = (_directory.File($"{number}.pem"), _directory.File($"{number}.key"));
        Issue(files, name, onlyName, expired);
        return files;
    }

    /// <summary>Into files that are there, as a renewal does.</summary>
    public void Issue((string Certificate, string Key) files, string name, bool onlyName = false, bool expired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        if (!onlyName)
        {
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using var signed = request.Create(
            _ca, DateTimeOffset.UtcNow.AddHours(-23), expired ? DateTimeOffset.UtcNow.AddHours(-1) : DateTimeOffset.UtcNow.AddDays(1), Guid.NewGuid().ToByteArray());
        File.WriteAllText(files.Certificate, signed.ExportCertificatePem());
        File.WriteAllText(files.Key, key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose()
    {
        _ca.Dispose();
        _caKey.Dispose();
        _directory.Dispose();
    }
}
