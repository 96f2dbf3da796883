using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>TLS by configuration, which is one for all services: the Gateway's, and that of the services behind it.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TestCertificates _certificates = new();
    private readonly TestCertificates _strangers = new();

    [Theory]
    [InlineData("dns:///localhost")]
    [InlineData("https://127.0.0.1")]
    public async Task Callers_come_by_tls_and_the_services_behind_are_called_by_mutual_tls(string host)
    {
        await using var service = await new FakeDownstreams().StartAsync(Mutual());
        var address = $"{host}:{service.GrpcAddress().Port}";
        await using var gateway = await RunningGateway.StartAsync(
            [.. Serves(_certificates.Issue()), ("Services:Tls", "true"), .. Calls(_certificates.Issue()), ("Services:Features", address), ("Services:Classifier", address)]);
        using var channel = Channel(gateway.Gateway.GrpcAddress(), _certificates.Ca);

        var predicted = await new Gateway.V1.Prediction.PredictionClient(channel).PredictAsync(Photo);
        var forwarded = await FailureOfAsync(channel);
        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest());

        Assert.Equal("cat", Assert.Single(predicted.Predictions).Label);
        Assert.Equal("dataset 'dogs' is unknown", forwarded.Status.Detail);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
    }

    [Fact]
    public async Task The_gateway_believes_no_service_of_another_ca_or_of_another_name()
    {
        foreach (var impostor in new[] { _strangers.Issue(), _certificates.Issue("elsewhere.test", onlyName: true), _certificates.Issue(expired: true) })
        {
            await using var gateway = await RunningGateway.StartAsync(
                Serves(impostor), [("Services:Tls", "true"), .. Calls(_certificates.Issue()), ("Services:TimeoutSeconds", "5")]);

            var predicted = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(Photo));
            var forwarded = await FailureOfAsync(gateway.Channel);

            Assert.Contains(predicted.StatusCode, new[] { StatusCode.Unavailable, StatusCode.DeadlineExceeded, StatusCode.Internal });
            Assert.Equal(StatusCode.Unavailable, forwarded.StatusCode);
            Assert.Empty(gateway.Fake.Extracted);
        }
    }

    [Fact]
    public async Task A_caller_without_a_certificate_or_with_a_wrong_one_is_turned_away()
    {
        await using var service = await new FakeDownstreams().StartAsync([.. Mutual(), ("Security:ClientNames", "other.test, gateway.test")]);
        using var good = Channel(service.GrpcAddress(), _certificates.Ca, _certificates.Issue("gateway.test"));
        using var none = Channel(service.GrpcAddress(), _certificates.Ca);
        using var ofAnotherCa = Channel(service.GrpcAddress(), _certificates.Ca, _strangers.Issue("gateway.test"));
        using var expired = Channel(service.GrpcAddress(), _certificates.Ca, _certificates.Issue("gateway.test", expired: true));
        using var ofAnotherName = Channel(service.GrpcAddress(), _certificates.Ca, _certificates.Issue("stranger.test"));

        Assert.Equal(StatusCode.NotFound, (await FailureOfAsync(good)).StatusCode);
        foreach (var stranger in new[] { none, ofAnotherCa, expired, ofAnotherName })
        {
            Assert.Contains((await FailureOfAsync(stranger)).StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
        }
    }

    [Fact]
    public async Task Plaintext_to_a_port_with_tls_is_not_answered()
    {
        await using var service = await new FakeDownstreams().StartAsync(Serves(_certificates.Issue()));
        using var plaintext = GrpcChannel.ForAddress($"http://{service.GrpcAddress().Authority}");
        using var http = new HttpClient();

        Assert.Contains((await FailureOfAsync(plaintext)).StatusCode, new[] { StatusCode.Unavailable, StatusCode.Internal });
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri($"http://{service.HttpAddress().Authority}/healthz/live")));
    }

    [Fact]
    public async Task The_http_port_asks_for_no_certificate_and_has_nothing_but_health_on_it()
    {
        await using var gateway = await RunningGateway.StartAsync(Mutual());
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = Tls(_certificates.Ca).Handshake() }) { BaseAddress = gateway.Gateway.HttpAddress() };

        var live = await http.GetAsync(new Uri("/healthz/live", UriKind.Relative));
        using var body = new ByteArrayContent([0, 0, 0, 0, 0]);
        body.Headers.ContentType = new("application/grpc");
        var forwarded = await http.PostAsync(new Uri("/topfive.classifier.v1.Datasets/GetDataset", UriKind.Relative), body);

        var closed = new[] { "/v1/heads", "/openapi/v1.json", "/scalar" }.Select(path => http.GetAsync(new Uri(path, UriKind.Relative)));

        Assert.Equal("https", gateway.Gateway.HttpAddress().Scheme);
        Assert.All(await Task.WhenAll(closed), answer => Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, forwarded.StatusCode);
        // Nor a console, which could ask for no certificate.
        foreach (var path in new[] { "/", "/console", "/_blazor/negotiate" }) Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(path, UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_is_not()
    {
        var files = _certificates.Issue("first.test");
        await using var service = await new FakeDownstreams().StartAsync(Serves(files));

        Assert.Equal("CN=first.test", await ShownAsync(service.GrpcAddress()));
        _certificates.Issue(files, "second.test");
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        Assert.Equal("CN=second.test", await ShownAsync(service.GrpcAddress()));
        await File.WriteAllTextAsync(files.Certificate, "half writ");
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        Assert.Equal("CN=second.test", await ShownAsync(service.GrpcAddress()));
    }

    public void Dispose()
    {
        _certificates.Dispose();
        _strangers.Dispose();
    }

    private static PredictRequest Photo => new() { Head = "pets", Image = ByteString.CopyFromUtf8("photo") };

    private static (string Key, string Value)[] Serves((string Certificate, string Key) own) =>
        [("Security:Certificate", own.Certificate), ("Security:CertificateKey", own.Key)];

    private (string Key, string Value)[] Mutual() => [.. Serves(_certificates.Issue()), ("Security:ClientCa", _certificates.Ca)];

    private (string Key, string Value)[] Calls((string Certificate, string Key) own) =>
        [("Services:Ca", _certificates.Ca), ("Services:Certificate", own.Certificate), ("Services:CertificateKey", own.Key)];

    private static ClientTls Tls(string ca, (string Certificate, string Key)? own = null) =>
        new(ca, own?.Certificate ?? "", own?.Key ?? "", NullLogger.Instance);

    private static GrpcChannel Channel(Uri address, string ca, (string Certificate, string Key)? own = null) =>
        GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { SslOptions = Tls(ca, own).Handshake() } });

    private static Task<RpcException> FailureOfAsync(GrpcChannel channel) => Assert.ThrowsAsync<RpcException>(async () =>
        await new Datasets.DatasetsClient(channel).GetDatasetAsync(new GetDatasetRequest { Dataset = "dogs" }, deadline: DateTime.UtcNow.AddSeconds(20)));

    /// <returns>The subject of the certificate that a new connection sees.</returns>
    private async Task<string> ShownAsync(Uri address)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, address.Port);
        await using var tls = new SslStream(connection.GetStream());
        var handshake = Tls(_certificates.Ca).Handshake();
        handshake.TargetHost = "localhost";
        handshake.ApplicationProtocols = [SslApplicationProtocol.Http2];
        await tls.AuthenticateAsClientAsync(handshake);
        return tls.RemoteCertificate!.Subject;
    }
}
