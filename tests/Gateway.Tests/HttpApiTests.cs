using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>HTTP and JSON on the HTTP port: the same answers and the same rules as by gRPC.</summary>
public sealed class HttpApiTests
{
    [Theory]
    [InlineData("form")]
    [InlineData("body")]
    [InlineData("json")]
    public async Task An_image_is_predicted_from_a_form_a_body_and_json_as_predict_answers_it(string way)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = Client(gateway);

        using var answer = way switch
        {
            "form" => await http.PostAsync(Path("/v1/predict/pets?top_k=2"), Form("a photo")),
            "body" => await http.PostAsync(Path("/v1/predict/pets?top_k=2"), Body("a photo", "image/jpeg")),
            _ => await http.PostAsJsonAsync(Path("/v1/predict"), new { head = "pets", topK = 2, image = Convert.ToBase64String("a photo"u8) }),
        };

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var predicted = await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("a photo"), TopK = 2 });
        var text = await answer.Content.ReadAsStringAsync();
        var parsed = JsonParser.Default.Parse<PredictResponse>(text);
        Assert.Equal(predicted.Predictions, parsed.Predictions);
        Assert.Equal((predicted.ImageHash, predicted.Head, predicted.Version), (parsed.ImageHash, parsed.Head, parsed.Version));
        using var json = JsonDocument.Parse(text);
        Assert.Equal("3", json.RootElement.GetProperty("version").GetString());
        Assert.Equal("COMPUTED", json.RootElement.GetProperty("source").GetString());
        Assert.Equal(Convert.ToBase64String(ImageHash.Of("a photo"u8).ToByteArray()), json.RootElement.GetProperty("imageHash").GetString());
    }

    [Fact]
    public async Task Several_images_of_a_form_are_answered_in_their_order_and_a_bad_one_fails_alone()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = Client(gateway);

        using var answer = await http.PostAsync(Path("/v1/predict/pets"), Form("one", "xbad", "three"));

        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        var results = json.RootElement.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(["0.jpg", "1.jpg", "2.jpg"], results.Select(result => result.GetProperty("id").GetString()));
        Assert.Equal("not an image", results[1].GetProperty("error").GetProperty("message").GetString());
        Assert.All([results[0], results[2]], result => Assert.Equal("cat", result.GetProperty("predicted").GetProperty("predictions")[0].GetProperty("label").GetString()));
    }

    [Theory]
    [InlineData("/v1/predict/cars", "form", HttpStatusCode.NotFound, 5, "head 'cars' is unknown")]
    [InlineData("/v1/predict/pets?top=3", "form", HttpStatusCode.BadRequest, 3, "there is no parameter 'top'; there are top_k")]
    [InlineData("/v1/predict/pets?top_k=many", "form", HttpStatusCode.BadRequest, 3, "top_k is 'many'; it is a whole number from 0")]
    [InlineData("/v1/predict/pets", "xbad", HttpStatusCode.BadRequest, 3, "not an image")]
    [InlineData("/v1/predict/pets", "bug", HttpStatusCode.InternalServerError, 13, "internal error")]
    [InlineData("/v1/predict/pets", "urlencoded", HttpStatusCode.BadRequest, 3, "curl -F image=@FILE")]
    [InlineData("/v1/predict/pets", "another field", HttpStatusCode.BadRequest, 3, "the form has a field 'photo'")]
    [InlineData("/v1/predict/pets", "nothing", HttpStatusCode.BadRequest, 3, "the form cannot be read")]
    [InlineData("/v1/predict", "no json", HttpStatusCode.BadRequest, 3, "")]
    [InlineData("/v1/heads/cars/versions", "get", HttpStatusCode.NotFound, 5, "head 'cars' is unknown")]
    [InlineData("/v1/datasets/pets", "get", HttpStatusCode.NotFound, 5, "dataset 'pets' is unknown")]
    [InlineData("/v1/runs/none/events", "get", HttpStatusCode.NotFound, 5, "run 'none' is unknown")]
    [InlineData("/v1/nothing", "get", HttpStatusCode.NotFound, 5, "there is no GET /v1/nothing; /openapi/v1.json lists what there is")]
    [InlineData("/v1/heads", "form", HttpStatusCode.NotFound, 5, "there is no POST /v1/heads")]
    public async Task A_failure_is_a_status_in_json_with_its_message_and_trace_id(string path, string content, HttpStatusCode status, int code, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = Client(gateway);
        using var form = Form(content);
        using var answer = content switch
        {
            "get" => await http.GetAsync(Path(path)),
            "urlencoded" => await http.PostAsync(Path(path), new FormUrlEncodedContent([new("image", "a")])),
            "another field" => await http.PostAsync(Path(path), new MultipartFormDataContent { { new StringContent("a"), "photo", "a.jpg" } }),
            "nothing" => await http.PostAsync(Path(path), new MultipartFormDataContent("edge")),
            "no json" => await http.PostAsync(Path(path), new StringContent("{", Encoding.UTF8, "application/json")),
            _ => await http.PostAsync(Path(path), form),
        };

        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"{answer.StatusCode}: {text}");
        using var json = JsonDocument.Parse(text);
        Assert.Equal(code, json.RootElement.GetProperty("code").GetInt32());
        Assert.Contains(message, json.RootElement.GetProperty("message").GetString()!, StringComparison.Ordinal);
        Assert.DoesNotContain("a bug", text, StringComparison.Ordinal);
        Assert.Equal(32, answer.Headers.GetValues("trace-id").Single().Length);
        // What transcoding itself refuses has no details.
        if (content == "no json") return;
        Assert.Contains(json.RootElement.GetProperty("details").EnumerateArray(), detail =>
            detail.GetProperty("@type").GetString() == "type.googleapis.com/google.rpc.RequestInfo" && detail.GetProperty("requestId").GetString()!.Length == 32);
    }

    [Theory]
    [InlineData("/v1/predict/pets", "image/jpeg", false)]
    [InlineData("/v1/predict/pets", "image/jpeg", true)]
    [InlineData("/v1/predict", "application/json", false)]
    [InlineData("/v1/predict", "application/json", true)]
    public async Task A_body_over_the_limit_is_refused_by_the_limits_name(string path, string type, bool chunked)
    {
        await using var gateway = await RunningGateway.StartAsync(("Limits:MaxImageBytes", "1000"));
        using var http = Client(gateway);
        using var content = Body(new string(' ', 2_000_000), type);
        using var request = new HttpRequestMessage(HttpMethod.Post, Path(path)) { Content = content };
        request.Headers.TransferEncodingChunked = chunked;
        request.Headers.ExpectContinue = true;

        using var answer = await http.SendAsync(request);

        var text = await answer.Content.ReadAsStringAsync();
        // Of JSON that does not say its length, transcoding reads up to the limit, and says so itself.
        var (status, message) = chunked && type == "application/json"
            ? (HttpStatusCode.BadRequest, "body too large")
            : (HttpStatusCode.RequestEntityTooLarge, "(an image: 1,000, Limits__MaxImageBytes)");
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        Assert.Contains(message, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Services_that_are_forwarded_unread_answer_json_too_and_get_to_know_the_caller()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings());
        using var http = Client(gateway, "train");
        http.DefaultRequestHeaders.Add("topfive-user", "ada");
        http.DefaultRequestHeaders.Add("topfive-caller", "somebody else");

        var heads = await http.GetFromJsonAsync<JsonElement>(Path("/v1/heads/pets/versions"));
        using var promoted = await http.PostAsJsonAsync(Path("/v1/heads/pets:promote"), new { version = "2", reason = "better" });

        Assert.Equal(["3", "2"], heads.GetProperty("heads").EnumerateArray().Select(head => head.GetProperty("version").GetString()));
        var json = await promoted.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(("pets", "2", "3"), (json.GetProperty("head").GetProperty("head").GetString(), json.GetProperty("head").GetProperty("version").GetString(), json.GetProperty("previousVersion").GetString()));
        var behind = Assert.Single(gateway.Fake.Headers);
        Assert.Equal(("train", "ada"), (behind.GetValue("topfive-caller"), behind.GetValue("topfive-user")));
        Assert.DoesNotContain(behind, header => header.Key is "x-api-key" or "authorization");
    }

    [Fact]
    public async Task A_runs_events_are_streamed_and_go_on_after_the_last_one_that_was_seen()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = Client(gateway);

        using (var watching = await http.GetAsync(Path("/v1/runs/run/events"), HttpCompletionOption.ResponseHeadersRead))
        {
            Assert.Equal("text/event-stream", watching.Content.Headers.ContentType!.MediaType);
            using var lines = new StreamReader(await watching.Content.ReadAsStreamAsync());
            Assert.Equal("event: run", await lines.ReadLineAsync());
            Assert.Contains("RUNNING", await lines.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Equal("", await lines.ReadLineAsync());
            Assert.Equal("event: epoch", await lines.ReadLineAsync());
            Assert.Contains("\"loss\": 2", await lines.ReadLineAsync(), StringComparison.Ordinal);
            Assert.Equal("id: 1", await lines.ReadLineAsync());
        }

        gateway.Fake.Slow.SetResult();
        http.DefaultRequestHeaders.Add("Last-Event-ID", "1");
        var rest = await http.GetStringAsync(Path("/v1/runs/run/events"));
        Assert.Equal(["event: run", "event: epoch", "id: 2", "event: finished", "id: 3"], rest.Split('\n').Where(line => line.StartsWith("event", StringComparison.Ordinal) || line.StartsWith("id", StringComparison.Ordinal)));

        http.DefaultRequestHeaders.Remove("Last-Event-ID");
        http.DefaultRequestHeaders.Add("Last-Event-ID", "3");
        using var over = await http.GetAsync(Path("/v1/runs/run/events"));
        Assert.Equal(HttpStatusCode.NoContent, over.StatusCode);
    }

    [Fact]
    public async Task The_json_api_is_on_the_http_port_alone_and_gRPC_is_not_on_that()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var overHttp2 = new HttpClient { BaseAddress = gateway.Gateway.GrpcAddress(), DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var http = Client(gateway);

        foreach (var path in new[] { "/v1/heads", "/openapi/v1.json", "/scalar" }) Assert.Equal((path, HttpStatusCode.NotFound), (path, (await overHttp2.GetAsync(Path(path))).StatusCode));
        using var grpc = await http.PostAsync(Path("/topfive.classifier.v1.Heads/ListHeads"), Body("", "application/grpc"));
        Assert.Equal(HttpStatusCode.NotFound, grpc.StatusCode);
        using var reached = await http.GetAsync(Path("/v1/heads"));
        Assert.Equal(HttpStatusCode.OK, reached.StatusCode);
    }

    [Theory]
    [InlineData("cross-site", HttpStatusCode.Forbidden)]
    [InlineData("same-site", HttpStatusCode.Forbidden)]
    [InlineData("same-origin", HttpStatusCode.OK)]
    [InlineData("none", HttpStatusCode.OK)]
    public async Task A_web_page_of_another_origin_may_call_nothing(string site, HttpStatusCode status)
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var http = Client(gateway);
        http.DefaultRequestHeaders.Add("Sec-Fetch-Site", site);

        using var answer = await http.PostAsync(Path("/v1/predict/pets"), Form("a photo"));

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(status == HttpStatusCode.OK ? 1 : 0, gateway.Fake.Extractions);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
    }

    internal static HttpClient Client(RunningGateway gateway, string? role = null)
    {
        var http = new HttpClient { BaseAddress = gateway.Gateway.HttpAddress(), Timeout = TimeSpan.FromSeconds(60) };
        if (role is not null) http.DefaultRequestHeaders.Add("x-api-key", SomeKeys.Of(role));
        return http;
    }

    internal static Uri Path(string path) => new(path, UriKind.Relative);

    internal static MultipartFormDataContent Form(params string[] images)
    {
        var form = new MultipartFormDataContent();
        foreach (var (i, image) in images.Index()) form.Add(Body(image, "image/jpeg"), "image", $"{i}.jpg");
        return form;
    }

    internal static ByteArrayContent Body(string text, string type) =>
        new(Encoding.UTF8.GetBytes(text)) { Headers = { ContentType = new(type) } };
}
