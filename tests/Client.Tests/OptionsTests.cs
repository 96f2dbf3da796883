using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace Topfive.Client.Tests;

public sealed class OptionsTests
{
    public static TheoryData<string, Action<TopfiveClientOptions>> Wrong => new()
    {
        { "Address must be http://host:port", options => options.Address = "localhost:8080" },
        { "Address must be http://host:port", options => options.Address = "http://a:1,https://b:2" },
        { "Address must be http://host:port", options => options.Address = "dns:///" },
        { "use https://, or AllowPlaintext = true", options => (options.Address, options.ApiKey) = ("http://example.org:8080", "tf_secret") },
        { "use https://, or AllowPlaintext = true", options => (options.Address, options.Token) = ("dns:///example.org:8080", "jwt") },
        { "use https://, or AllowPlaintext = true", options => (options.Address, options.TokenProvider) = ("http://localhost:1,http://example.org:1", _ => new("jwt")) },
        { "the Gateway wants one of them", options => (options.ApiKey, options.Token) = ("tf_secret", "jwt") },
        { "one of them, not both", options => (options.Token, options.TokenProvider) = ("jwt", _ => new("jwt")) },
        { "copied whole", options => options.ApiKey = "\"tf_secret é\"" },
        { "called without TLS: use https://", options => (options.Address, options.CaFile) = ("http://example.org:8080", "ca.pem") },
        { "nowhere.pem", options => (options.Address, options.CaFile) = ("https://localhost:8080", "nowhere.pem") },
        { "belong together", options => (options.Address, options.ClientCertificateFile) = ("https://localhost:8080", "own.pem") },
        { "Timeout must be above 0, or null", options => options.Timeout = TimeSpan.Zero },
        { "MaxAttempts must be 1 to 5; it is 6", options => options.MaxAttempts = 6 },
        { "RetryDelay must be above 0", options => options.RetryDelay = TimeSpan.Zero },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void Options_that_are_wrong_make_no_client_and_say_what_has_to_be_changed(string said, Action<TopfiveClientOptions> configure)
    {
        var options = new TopfiveClientOptions();
        configure(options);

        Assert.Contains(said, Assert.Throws<ArgumentException>(() => new TopfiveClient(options)).Message);
    }

    [Fact]
    public void A_secret_may_go_by_tls_to_this_machine_and_where_it_is_allowed()
    {
        foreach (var address in new[] { "https://example.org", "http://localhost:1", "http://127.0.0.1:1,http://[::1]:1", "dns:///localhost:1" })
        {
            new TopfiveClient(new TopfiveClientOptions { Address = address, ApiKey = "tf_secret" }).Dispose();
        }

        new TopfiveClient(new TopfiveClientOptions { Address = "dns:///example.org:1", UseTls = true, ApiKey = "tf_secret" }).Dispose();
        new TopfiveClient(new TopfiveClientOptions { Address = "http://example.org:1", AllowPlaintext = true, ApiKey = "tf_secret" }).Dispose();
    }

    [Fact]
    public async Task Wrong_options_stop_the_start_of_a_host()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddTopfive(options => options.MaxAttempts = 0);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains("MaxAttempts must be 1 to 5; it is 0", failure.Message);
    }
}
