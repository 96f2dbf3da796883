using System.Text.Json;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>The JSON API by curl itself, on the real product.</summary>
public sealed class CurlTests(EmbeddedTopfive embedded) : IClassFixture<EmbeddedTopfive>
{
    [Fact]
    public async Task Curl_predicts_trains_and_follows_the_run_as_the_readme_shows()
    {
        Assert.SkipUnless(HasCurl, "there is no curl on the PATH");
        using var directory = new TempDirectory();
        var photos = (await TestPhotos.AllAsync()).Take(2).ToList();
        var file = Path.Combine(directory.Path, "dog.jpg");
        await File.WriteAllBytesAsync(file, photos[0].ReadBytes());
        var ingested = await embedded.Topfive.IngestAsync(photos.SelectMany(photo => Enumerable.Range(0, 4).Select(crop =>
            Ingesting.Labeled("curled", photo.Name, Crops.Of(photo.ReadBytes(), crop), $"{photo.Name}/{crop}", crop < 3 ? Split.Training : Split.Validation))));
        Assert.All(ingested, result => Assert.Equal(IngestResult.ResultOneofCase.Ingested, result.ResultCase));

        var run = await CurlAsync("/v1/runs", "-H", "content-type: application/json", "-d", """{"dataset": "curled", "head": "curled", "recipe": {"epochs": 3}, "promote": true}""");
        var id = run.GetProperty("runId").GetString()!;
        var events = await CurlTextAsync($"/v1/runs/{id}/events", "-N");
        Assert.Equal(
            ["event: run", "event: epoch", "id: 1", "event: epoch", "id: 2", "event: epoch", "id: 3", "event: finished", "id: 4"],
            events.Split('\n').Where(line => line.StartsWith("event: ", StringComparison.Ordinal) || line.StartsWith("id: ", StringComparison.Ordinal)));
        var rest = await CurlTextAsync($"/v1/runs/{id}/events", "-N", "-H", "Last-Event-ID: 3");
        Assert.DoesNotContain("event: epoch", rest, StringComparison.Ordinal);
        Assert.Contains("event: finished", rest, StringComparison.Ordinal);

        var answer = await CurlAsync("/v1/predict/curled?top_k=2", "-F", $"image=@{file}");
        var predicted = await embedded.Topfive.Predictions.PredictAsync(new PredictRequest { Head = "curled", Image = ByteString.CopyFrom(photos[0].ReadBytes()), TopK = 2 });
        Assert.Equal(predicted.Predictions, JsonParser.Default.Parse<PredictResponse>(answer.GetRawText()).Predictions);
        var raw = await CurlAsync("/v1/predict/curled?top_k=2", "-H", "content-type: image/jpeg", "--data-binary", $"@{file}");
        Assert.Equal(answer.GetProperty("predictions").GetRawText(), raw.GetProperty("predictions").GetRawText());

        var dataset = await CurlAsync("/v1/datasets/curled");
        Assert.Equal("8", dataset.GetProperty("examples").GetString());
        var heads = await CurlAsync("/v1/heads");
        Assert.Contains(heads.GetProperty("heads").EnumerateArray(), head => head.GetProperty("head").GetString() == "curled" && head.GetProperty("live").GetBoolean());
    }

    private static bool HasCurl => Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "curl")));

    private async Task<JsonElement> CurlAsync(string path, params string[] options) => JsonDocument.Parse(await CurlTextAsync(path, options)).RootElement;

    private Task<string> CurlTextAsync(string path, params string[] options) =>
        Repository.RunAsync(Repository.Root, "curl", ["-sS", "--fail-with-body", "--max-time", "120", .. options, new Uri(embedded.Topfive.GatewayHttpAddress, path).ToString()]);
}
