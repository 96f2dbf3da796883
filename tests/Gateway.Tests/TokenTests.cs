using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>JWT bearer tokens, by a public key and by an authority.</summary>
public sealed class TokenTests : IDisposable
{
    private const string Train = "/topfive.classifier.v1.Datasets/GetDataset";
    private const string Admin = "/topfive.classifier.v1.Datasets/DeleteDataset";
    private const string Issuer = "https://issuer.test";

    private readonly TempDirectory _directory = new();
    private readonly TestCertificates _certificates = new();
    private readonly RSA _key = RSA.Create(2048);

    [Fact]
    public async Task A_token_opens_what_its_roles_say()
    {
        await using var gateway = await StartAsync();
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync(Train, Bearer(Token(roles: new[] { "predict", "train" })))).Code);
        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync(Train, Bearer(Token(roles: "openid train")))).Code);
        Assert.Equal(["alice", "alice"], gateway.Fake.Headers.Select(headers => headers.GetValue("topfive-caller")));
        Assert.All(gateway.Fake.Headers, headers => Assert.Null(headers.Get("authorization")));
        Assert.Equal((StatusCode.PermissionDenied, $"{Admin} needs the role admin; 'alice' has train"), await raw.StatusAsync(Admin, Bearer(Token(roles: "train"))));
        Assert.Equal((StatusCode.PermissionDenied, $"{Admin} needs the role admin; 'alice' has none"), await raw.StatusAsync(Admin, Bearer(Token(roles: "administrator root"))));
    }

    [Fact]
    public async Task A_token_that_is_not_what_it_should_be_is_refused_with_the_reason()
    {
        await using var gateway = await StartAsync();
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());
        using var other = RSA.Create(2048);
        var publicKey = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(_key.ExportSubjectPublicKeyInfoPem()));
        var unsigned = $"{Base64Url("""{"alg":"none","typ":"JWT"}""")}.{Token().Split('.')[1]}.";

        (string Token, string Reason)[] wrong =
        [
            (Token(end: DateTime.UtcNow.AddMinutes(-2)), "it expired at"),
            (Token(begin: DateTime.UtcNow.AddMinutes(2)), "it is not valid before"),
            (Token(issuer: "https://elsewhere.test"), "its issuer (iss) is another"),
            (Token(audience: "another service"), "its audience (aud) is another"),
            (Token(key: new RsaSecurityKey(other)), "not signed with a key that the Gateway believes"),
            (Token(key: publicKey, algorithm: SecurityAlgorithms.HmacSha256), "not signed with a key that the Gateway believes"),
            (unsigned, "not signed with a key that the Gateway believes"),
            (Token()[..^8] + "AAAAAAAA", "not signed with a key that the Gateway believes"),
            (Token(subject: null), "no claim 'sub'"),
            ("a.b.c", "no JWT that can be read"),
            ("tf_some-api-key", "no JWT that can be read"),
        ];
        foreach (var (token, reason) in wrong)
        {
            var (code, message) = await raw.StatusAsync(Train, Bearer(token));
            Assert.Equal((reason, StatusCode.Unauthenticated), (reason, code));
            Assert.Contains(reason, message, StringComparison.Ordinal);
        }

        Assert.Equal(StatusCode.Unauthenticated, (await raw.StatusAsync(Train, ("authorization", "Basic YTpi"))).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await raw.StatusAsync(Train)).Code);
        Assert.Empty(gateway.Fake.Headers);
    }

    [Fact]
    public async Task An_authority_says_its_keys_and_one_that_is_away_is_not_the_callers_fault()
    {
        var authority = await StartAuthorityAsync();
        var address = authority.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        (string, string)[] settings = [("Security:Jwt:Authority", address), ("Security:Jwt:Ca", _certificates.Ca), ("Security:Jwt:Audience", "topfive")];
        await using var gateway = await RunningGateway.StartAsync(settings);
        await using var lonely = await RunningGateway.StartAsync(settings);
        using var raw = new RawCall(gateway.Gateway.GrpcAddress());
        using var rawOfLonely = new RawCall(lonely.Gateway.GrpcAddress());

        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync(Train, Bearer(Token(issuer: Issuer)))).Code);
        Assert.Equal(StatusCode.Unauthenticated, (await raw.StatusAsync(Train, Bearer(Token(issuer: "https://elsewhere.test")))).Code);

        await authority.StopAsync();
        await authority.DisposeAsync();
        Assert.Equal(StatusCode.NotFound, (await raw.StatusAsync(Train, Bearer(Token(issuer: Issuer)))).Code);
        var (code, message) = await rawOfLonely.StatusAsync(Train, Bearer(Token(issuer: Issuer)));
        Assert.Equal(StatusCode.Unavailable, code);
        Assert.Contains("Security__Jwt__Authority", message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _directory.Dispose();
        _certificates.Dispose();
        _key.Dispose();
    }

    private async Task<RunningGateway> StartAsync()
    {
        var file = _directory.File("public.pem");
        await File.WriteAllTextAsync(file, _key.ExportSubjectPublicKeyInfoPem());
        return await RunningGateway.StartAsync(("Security:Jwt:PublicKey", file), ("Security:Jwt:Issuer", Issuer), ("Security:Jwt:Audience", "topfive"));
    }

    /// <summary>What OpenID Connect's discovery needs, and no more.</summary>
    private async Task<WebApplication> StartAuthorityAsync()
    {
        var (certificate, key) = _certificates.Issue();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.UseHttps(X509Certificate2.CreateFromPemFile(certificate, key))));
        var app = builder.Build();
        var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(_key.ExportParameters(false)) { KeyId = "one" });
        app.MapGet("/.well-known/openid-configuration", (HttpContext http) => $$"""{"issuer":"{{Issuer}}","jwks_uri":"https://{{http.Request.Host}}/keys"}""");
        app.MapGet("/keys", () => $$"""{"keys":[{"kty":"RSA","use":"sig","kid":"one","n":"{{jwk.N}}","e":"{{jwk.E}}"}]}""");
        await app.StartAsync();
        return app;
    }

    private string Token(
        object? roles = null, string issuer = Issuer, string audience = "topfive", DateTime? begin = null, DateTime? end = null, string? subject = "alice",
        SecurityKey? key = null, string algorithm = SecurityAlgorithms.RsaSha256)
    {
        var claims = new Dictionary<string, object> { ["roles"] = roles ?? "train" };
        if (subject is not null) claims["sub"] = subject;
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            NotBefore = begin ?? DateTime.UtcNow.AddHours(-1),
            Expires = end ?? DateTime.UtcNow.AddHours(1),
            Claims = claims,
            SigningCredentials = new SigningCredentials(key ?? new RsaSecurityKey(_key) { KeyId = "one" }, algorithm),
        });
    }

    private static (string, string) Bearer(string token) => ("authorization", $"Bearer {token}");

    private static string Base64Url(string text) => Base64UrlEncoder.Encode(text);
}
