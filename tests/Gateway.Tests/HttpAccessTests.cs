using System.Net;
using System.Text.Json;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>Keys, roles and limits over HTTP: each forbidden thing, as <see cref="AccessTests"/> tries it over gRPC.</summary>
public sealed class HttpAccessTests
{
    /// <summary>Every documented operation, with the RPC whose roles it has.</summary>
    private static readonly (string Verb, string Path, string Rpc)[] Operations = ReadOperations();

    [Fact]
    public async Task Every_documented_path_exists_and_none_answers_without_a_key()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var nobody = HttpApiTests.Client(gateway);
        using var admin = HttpApiTests.Client(gateway, "admin");

        Assert.True(Operations.Length > 25, $"{Operations.Length} operations");
        foreach (var (verb, path, rpc) in Operations)
        {
            using var refused = await SendAsync(nobody, verb, path);
            Assert.Equal((path, HttpStatusCode.Unauthorized), (path, refused.StatusCode));
            Assert.Equal(16, JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetInt32());
            Assert.NotEmpty(refused.Headers.WwwAuthenticate);

            using var reached = await SendAsync(admin, verb, path);
            var text = await reached.Content.ReadAsStringAsync();
            Assert.DoesNotContain("there is no ", text, StringComparison.Ordinal);
            Assert.True(reached.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed), $"{verb} {path}: {reached.StatusCode}");
            Assert.True(MethodRoles.TryGet($"/{rpc}", out _), rpc);
        }
    }

    [Theory]
    [InlineData("predict")]
    [InlineData("ingest")]
    [InlineData("train")]
    public async Task A_role_may_by_http_what_it_may_by_grpc_and_nothing_else(string role)
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var http = HttpApiTests.Client(gateway, role);

        foreach (var (verb, path, rpc) in Operations)
        {
            Assert.True(MethodRoles.TryGet($"/{rpc}", out var rule));
            using var answer = await SendAsync(http, verb, path);
            var text = await answer.Content.ReadAsStringAsync();
            var mayNot = !rule.Roles.HasFlag(Enum.Parse<Roles>(role, ignoreCase: true));

            Assert.Equal((verb, path, mayNot), (verb, path, answer.StatusCode == HttpStatusCode.Forbidden));
            if (mayNot) Assert.Contains($"/{rpc} needs the role ", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("x-api-key", "tf_secret-of-nobody")]
    [InlineData("authorization", "Bearer tf_secret-of-predict")]
    [InlineData("api-key", "tf_secret-of-predict")]
    public async Task A_wrong_key_is_nobodys(string header, string value)
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var http = HttpApiTests.Client(gateway);
        http.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(HttpApiTests.Path("/v1/heads"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(HttpApiTests.Path("/V1/Heads"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(HttpApiTests.Path("/v1/heads/"))).StatusCode);
    }

    [Fact]
    public async Task A_caller_over_its_rate_is_told_when_to_come_again_and_images_of_a_form_wait_their_turn()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings(("RequestsPerSecond", "2"), ("Burst", "2")));
        using var http = HttpApiTests.Client(gateway, "predict");

        using var three = await http.PostAsync(HttpApiTests.Path("/v1/predict/pets"), HttpApiTests.Form("one", "two", "three"));
        var more = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => http.GetAsync(HttpApiTests.Path("/v1/heads"))));
        var refused = more.First(answer => answer.StatusCode != HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.OK, three.StatusCode);
        Assert.Equal(3, gateway.Fake.Extractions);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Contains("RequestsPerSecond", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.True(refused.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_caller_with_as_many_calls_under_way_as_it_may_have_is_refused()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings(("ConcurrentCalls", "1")));
        using var http = HttpApiTests.Client(gateway, "predict");

        var slow = http.PostAsync(HttpApiTests.Path("/v1/predict/pets"), HttpApiTests.Form("slow"));
        while (gateway.Fake.Asked == 0) await Task.Yield();
        using var refused = await http.GetAsync(HttpApiTests.Path("/v1/heads"));
        gateway.Fake.Slow.SetResult();

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await slow).StatusCode);
    }

    [Theory]
    [InlineData("open", HttpStatusCode.OK)]
    [InlineData("closed", HttpStatusCode.NotFound)]
    public async Task The_document_and_its_page_are_open_as_reflection_is_and_ask_no_other_server_for_anything(string reflection, HttpStatusCode status)
    {
        await using var gateway = await RunningGateway.StartAsync([.. SomeKeys.Settings(), ("Security:Reflection", reflection)]);
        using var http = HttpApiTests.Client(gateway);

        using var document = await http.GetAsync(HttpApiTests.Path(HttpApiRoom.DocumentPath));
        using var page = await http.GetAsync(HttpApiTests.Path("/scalar/"));

        Assert.Equal((status, status), (document.StatusCode, page.StatusCode));
        if (status != HttpStatusCode.OK) return;
        var html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("src=\"http", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("cdn.", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("fonts.scalar.com", html, StringComparison.OrdinalIgnoreCase);
        var script = System.Text.RegularExpressions.Regex.Match(html, "src=\"([^\"]*scalar[^\"]*\\.js[^\"]*)\"").Groups[1].Value;
        Assert.True((await http.GetStringAsync(new Uri(new Uri(http.BaseAddress!, "/scalar/"), script))).Length > 1_000_000);
    }

    private static (string Verb, string Path, string Rpc)[] ReadOperations()
    {
        using var document = JsonDocument.Parse(OpenApiDocument.Write());
        return
        [
            .. document.RootElement.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject(), (path, operation) =>
                (operation.Name.ToUpperInvariant(), path.Name.Replace("{head}", "pets").Replace("{run_id}", "none").Replace("{dataset}", "pets").Replace("{version}", "2"),
                    operation.Value.GetProperty("summary").GetString()!)),
        ];
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, string verb, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(verb), HttpApiTests.Path(path));
        if (verb is "POST" or "PUT") request.Content = HttpApiTests.Body("{}", "application/json");
        return await http.SendAsync(request);
    }
}
