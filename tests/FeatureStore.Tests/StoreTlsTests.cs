using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureStore.Tests;

/// <summary>A Redis that speaks TLS and asks for certificates.</summary>
public sealed class StoreTlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly TestCertificates _strangers = new();

    [Fact]
    public async Task Vectors_are_kept_in_a_redis_that_asks_for_a_certificate()
    {
        await using var server = await RedisServer.TryStartAsync(certificates: _certificates);
        Assert.SkipWhen(server is null, RedisServer.WhySkipped);
        await using var connection = await OpenAsync(server, _certificates.Ca, _certificates.Issue());
        var vectors = new VectorStore(connection);

        await vectors.SetAsync("f", Some.Image(1), Some.Vector(1));
        using var stored = await vectors.GetAsync("f", Some.Image(1));

        Assert.True(Some.Vector(1).AsSpan().SequenceEqual(stored!.Values));
    }

    [Fact]
    public async Task A_redis_of_another_ca_is_not_believed_nor_one_of_ours_a_caller_without_a_certificate_or_without_tls()
    {
        await using var server = await RedisServer.TryStartAsync(certificates: _certificates);
        Assert.SkipWhen(server is null, RedisServer.WhySkipped);

        await RefusedAsync(await OpenAsync(server, _strangers.Ca, _certificates.Issue()));
        await RefusedAsync(await OpenAsync(server, "", _certificates.Issue()));
        await RefusedAsync(await OpenAsync(server, _certificates.Ca, ("", "")));
        await RefusedAsync(await OpenAsync(server, _certificates.Ca, _strangers.Issue()));
        await RefusedAsync(await StoreUnderTest.OpenAsync($"127.0.0.1:{server.TlsPort}"));
    }

    [Fact]
    public void A_setting_for_tls_that_would_do_nothing_is_refused_with_its_name()
    {
        var (certificate, key) = _certificates.Issue();

        Assert.Contains("ssl=true", Refusal(new StoreOptions { ConnectionString = "redis:6380", Ca = _certificates.Ca }), StringComparison.Ordinal);
        Assert.Contains("ssl=true", Refusal(new StoreOptions { Ca = _certificates.Ca }), StringComparison.Ordinal);
        Assert.Contains("Store__CertificateKey belong together", Refusal(new StoreOptions { ConnectionString = "redis:6380,ssl=true", Certificate = certificate }), StringComparison.Ordinal);
        Assert.Contains("nowhere.pem", Refusal(new StoreOptions { ConnectionString = "redis:6380,ssl=true", Ca = "/nowhere.pem" }), StringComparison.Ordinal);
        Assert.Contains("no certificate", Refusal(new StoreOptions { ConnectionString = "redis:6380,ssl=true", Ca = key }), StringComparison.Ordinal);
        Assert.Null(Refusal(new StoreOptions { ConnectionString = "redis:6380,ssl=true", Ca = _certificates.Ca, Certificate = certificate, CertificateKey = key }));
    }

    public void Dispose()
    {
        _certificates.Dispose();
        _strangers.Dispose();
    }

    private static async Task<StoreConnection> OpenAsync(RedisServer server, string ca, (string Certificate, string Key) own)
    {
        var connection = new StoreConnection(
            Options.Create(new StoreOptions
            {
                ConnectionString = $"localhost:{server.TlsPort},ssl=true",
                Ca = ca,
                Certificate = own.Certificate,
                CertificateKey = own.Key,
            }),
            NullLoggerFactory.Instance);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task RefusedAsync(StoreConnection connection)
    {
        await using (connection)
        {
            await Assert.ThrowsAnyAsync<RedisConnectionException>(() => new VectorStore(connection).GetAsync("f", Some.Image(1)));
        }
    }

    private static string? Refusal(StoreOptions options) => options.Validate(new ValidationContext(options)).FirstOrDefault()?.ErrorMessage;
}
