using System.Net;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>What a service refuses to start with, and what can be closed. Nothing listens here but on loopback.</summary>
public sealed class SecuritySettingsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("10.1.2.3")]
    public void An_address_that_other_machines_reach_needs_tls_or_the_word_that_something_else_encrypts(string address)
    {
        var (certificate, key) = _certificates.Issue();

        var refusal = Refusal(("Listen:Address", address));

        Assert.Contains($"Listen__Address is {address}", refusal, StringComparison.Ordinal);
        Assert.Contains("Security__Certificate", refusal, StringComparison.Ordinal);
        Assert.Contains("Security__AllowPlaintext=true", refusal, StringComparison.Ordinal);
        Assert.Null(Refusal(("Listen:Address", address), ("Security:AllowPlaintext", "true")));
        Assert.Null(Refusal(("Listen:Address", address), ("Security:Certificate", certificate), ("Security:CertificateKey", key)));
        Assert.Null(Refusal(("Listen:Address", "::1")));
        Assert.Null(Refusal());
    }

    [Fact]
    public void Wrong_files_and_settings_stop_the_start_with_their_name()
    {
        var (certificate, key) = _certificates.Issue();
        var (_, otherKey) = _certificates.Issue();

        Assert.Contains("Security__CertificateKey belong together", Refusal(("Security:Certificate", certificate)), StringComparison.Ordinal);
        Assert.Contains("Security__CertificateKey:", Refusal(("Security:Certificate", certificate), ("Security:CertificateKey", otherKey)), StringComparison.Ordinal);
        Assert.Contains("nowhere.pem", Refusal(("Security:Certificate", "/nowhere.pem"), ("Security:CertificateKey", key)), StringComparison.Ordinal);
        Assert.Contains("set Security__Certificate", Refusal(("Security:ClientCa", _certificates.Ca)), StringComparison.Ordinal);
        Assert.Contains("Security__ClientCa: there is no certificate", Refusal(("Security:Certificate", certificate), ("Security:CertificateKey", key), ("Security:ClientCa", key)), StringComparison.Ordinal);
        Assert.Contains("Security__ClientCa, which asks for them, is not set", Refusal(("Security:ClientNames", "gateway")), StringComparison.Ordinal);
        Assert.Contains("there is no Security__ClientCaFile", Refusal(("Security:ClientCaFile", _certificates.Ca)), StringComparison.Ordinal);
        Assert.Contains("open or closed", Refusal(("Security:Reflection", "shut")), StringComparison.Ordinal);
        Assert.Contains("Kestrel__Endpoints__More is not allowed", Refusal(("Kestrel:Endpoints:More:Url", "http://127.0.0.1:0")), StringComparison.Ordinal);
        Assert.Contains("https:// goes with true", Refusal(("Services:Features", "https://127.0.0.1:1")), StringComparison.Ordinal);
        Assert.Contains("Services__Tls=true switches on", Refusal(("Services:Ca", _certificates.Ca)), StringComparison.Ordinal);
        Assert.Contains("nowhere.pem", Refusal(("Services:Tls", "true"), ("Services:Ca", "/nowhere.pem")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closed_reflection_is_unimplemented()
    {
        await using var gateway = await RunningGateway.StartAsync(("Security:Reflection", "closed"));
        using var stream = new ServerReflection.ServerReflectionClient(gateway.Channel).ServerReflectionInfo();
        using var newer = new Grpc.Reflection.V1.ServerReflection.ServerReflectionClient(gateway.Channel).ServerReflectionInfo();

        var refusals = new[]
        {
            await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext(CancellationToken.None)),
            await Assert.ThrowsAsync<RpcException>(() => newer.ResponseStream.MoveNext(CancellationToken.None)),
        };

        Assert.All(refusals, refusal => Assert.Equal(StatusCode.Unimplemented, refusal.StatusCode));
    }

    [Fact]
    public async Task Closed_metrics_are_not_there()
    {
        await using var gateway = await RunningGateway.StartAsync(("Security:Metrics", "closed"));
        using var http = new HttpClient { BaseAddress = gateway.Gateway.HttpAddress() };

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/metrics", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri("/healthz/live", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public void Wrong_keys_and_tokens_stop_the_start_with_the_setting()
    {
        (string, string)[] right = [("Security:ApiKeys:0:Name", "a"), ("Security:ApiKeys:0:Sha256", new string('0', 64)), ("Security:ApiKeys:0:Roles", "predict, ingest")];
        var (certificate, _) = _certificates.Issue();

        Assert.Null(Refusal(right));
        Assert.Contains("Security__ApiKeys__0__Sha256 must be 64 hex digits", Refusal([.. right, ("Security:ApiKeys:0:Sha256", "tf_the-key-itself")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys__0__Roles has 'root'", Refusal([.. right, ("Security:ApiKeys:0:Roles", "predict,root")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys__0__Roles is empty", Refusal([.. right, ("Security:ApiKeys:0:Roles", "")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys__0__Name", Refusal([.. right, ("Security:ApiKeys:0:Name", "")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys__0__ConcurrentCalls is -1", Refusal([.. right, ("Security:ApiKeys:0:ConcurrentCalls", "-1")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys__0__Burst says nothing", Refusal([.. right, ("Security:ApiKeys:0:Burst", "5")]), StringComparison.Ordinal);
        Assert.Contains("there is no Security__ApiKeys__0__RequestPerSecond", Refusal([.. right, ("Security:ApiKeys:0:RequestPerSecond", "5")]), StringComparison.Ordinal);
        Assert.Contains("Security__ApiKeys is a list", Refusal(("Security:ApiKeys", new string('0', 64))), StringComparison.Ordinal);
        Assert.Contains("Security__Jwt has settings", Refusal(("Security:Jwt", "https://issuer.test")), StringComparison.Ordinal);
        Assert.Contains("there is no Security__Jwt__Role", Refusal(("Security:Jwt:Authority", "https://issuer.test"), ("Security:Jwt:Audience", "topfive"), ("Security:Jwt:Role", "admin")), StringComparison.Ordinal);
        Assert.Contains("2 keys are called 'a'", Refusal([.. right, ("Security:ApiKeys:1:Name", "a"), ("Security:ApiKeys:1:Sha256", new string('1', 64)), ("Security:ApiKeys:1:Roles", "admin")]), StringComparison.Ordinal);
        Assert.Contains("Security__Jwt__Audience must be set", Refusal(("Security:Jwt:Authority", "https://issuer.test")), StringComparison.Ordinal);
        Assert.Contains("must be an https:// address", Refusal(("Security:Jwt:Authority", "http://issuer.test"), ("Security:Jwt:Audience", "topfive")), StringComparison.Ordinal);
        Assert.Contains("Security__Jwt__Authority or Security__Jwt__PublicKey", Refusal(("Security:Jwt:Audience", "topfive")), StringComparison.Ordinal);
        Assert.Contains("Security__Jwt__Issuer must be set", Refusal(("Security:Jwt:Audience", "topfive"), ("Security:Jwt:PublicKey", certificate)), StringComparison.Ordinal);
        Assert.Contains("nowhere.pem", Refusal(("Security:Jwt:Audience", "topfive"), ("Security:Jwt:PublicKey", "/nowhere.pem"), ("Security:Jwt:Issuer", "i")), StringComparison.Ordinal);
    }

    public void Dispose() => _certificates.Dispose();

    /// <returns>Null: it would start.</returns>
    private static string? Refusal(params (string Key, string Value)[] settings)
    {
        var all = FakeDownstreams.FreePorts;
        foreach (var (key, value) in settings) all[key] = value;
        try
        {
            using var app = GatewayHost.Build([], all) as IDisposable;
            ((WebApplication)app).Services.GetRequiredService<IStartupValidator>().Validate();
            return null;
        }
        catch (OptionsValidationException exception)
        {
            return exception.Message;
        }
    }
}
