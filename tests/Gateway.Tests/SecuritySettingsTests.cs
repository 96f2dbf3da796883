using Grpc.Core;
using Grpc.Reflection.V1Alpha;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
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
