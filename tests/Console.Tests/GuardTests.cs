using System.Net;
using System.Net.WebSockets;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Consoles.Tests;

/// <summary>What stands before the pages, without a browser.</summary>
public sealed class GuardTests(RunningTopfive topfive) : IDisposable
{
    private readonly HttpClient _http = new(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false });

    [Fact]
    public async Task The_port_leads_to_the_console_and_has_its_files()
    {
        var root = await AskAsync("/");
        var page = await AskAsync("/console");
        Assert.Equal((HttpStatusCode.Redirect, "/console"), (root.StatusCode, root.Headers.Location?.ToString()));
        Assert.Contains("frame-ancestors 'none'", string.Join(' ', page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal);
        foreach (var file in new[] { "/console/assets/app.css", "/console/assets/console.js", "/_framework/blazor.web.js" })
        {
            Assert.True((await (await AskAsync(file)).Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Length > 1000, file);
        }
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:8090")]
    [InlineData("localhost.evil.example")]
    public async Task A_name_that_could_be_anybodys_is_not_answered(string host)
    {
        foreach (var path in new[] { "/", "/console", "/_blazor/negotiate", "/_framework/blazor.web.js" })
        {
            Assert.Equal(HttpStatusCode.MisdirectedRequest, (await AskAsync(path, request => request.Headers.Host = host)).StatusCode);
        }
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("http://localhost:1")]
    [InlineData("null")]
    public async Task Another_sites_page_opens_no_connection(string origin)
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", origin);
        var refusal = await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(Socket, TestContext.Current.CancellationToken));
        Assert.Contains("403", refusal.Message, StringComparison.Ordinal);

        var negotiation = await AskAsync("/_blazor/negotiate?negotiateVersion=1", request =>
        {
            request.Method = HttpMethod.Post;
            request.Headers.TryAddWithoutValidation("Origin", origin);
        });
        Assert.Equal(HttpStatusCode.Forbidden, negotiation.StatusCode);
    }

    [Fact]
    public async Task Its_own_page_opens_one()
    {
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Origin", topfive.Console.GetLeftPart(UriPartial.Authority));
        await socket.ConnectAsync(Socket, TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketState.Open, socket.State);
    }

    [Fact]
    public async Task No_method_is_called_by_way_of_the_http_port_and_no_page_by_way_of_the_grpc_port()
    {
        var method = await AskAsync("/topfive.classifier.v1.Heads/ListHeads", request => request.Method = HttpMethod.Post);
        using var page = new HttpRequestMessage(HttpMethod.Get, new Uri(topfive.Grpc, "/console")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal(HttpStatusCode.NotFound, method.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.SendAsync(page, TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task The_gateways_program_has_it_wherever_it_is_started_and_can_be_without()
    {
        foreach (var (setting, expected) in new[] { ("true", HttpStatusCode.OK), ("false", HttpStatusCode.NotFound) })
        {
            var port = FreePort();
            await using var gateway = await ServiceProcess.StartAsync("Topfive.Gateway", [], ServiceProcess.NowListening, new Dictionary<string, string?>
            {
                ["Listen__GrpcPort"] = "0",
                ["Listen__HttpPort"] = $"{port}",
                ["Console__Enabled"] = setting,
                // Nowhere near its files.
                ["ASPNETCORE_CONTENTROOT"] = Path.GetTempPath(),
            });
            var page = await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/console/assets/app.css"), TestContext.Current.CancellationToken);
            Assert.Equal(expected, page.StatusCode);
            Assert.Equal(expected, (await _http.GetAsync(new Uri($"http://127.0.0.1:{port}/_framework/blazor.web.js"), TestContext.Current.CancellationToken)).StatusCode);
        }
    }

    public void Dispose() => _http.Dispose();

    private Uri Socket => new($"ws://{topfive.Console.Authority}/_blazor");

    private async Task<HttpResponseMessage> AskAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(topfive.Console, path));
        change?.Invoke(request);
        return await _http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
