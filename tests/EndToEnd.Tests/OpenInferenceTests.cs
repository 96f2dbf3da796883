using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>tests/clients/node/infer.mjs: a client of the Open Inference Protocol in JavaScript, whose answers are held against Predict's.</summary>
public sealed class OpenInferenceTests(EmbeddedTopfive embedded) : IClassFixture<EmbeddedTopfive>
{
    [Fact]
    public async Task A_client_of_the_open_inference_protocol_gets_what_predict_and_extract_answer()
    {
        using var directory = new TempDirectory();
        var photos = (await TestPhotos.AllAsync()).Take(2).Select(photo => photo.ReadBytes()).ToList();
        byte[][] images = [photos[0], photos[1], BadImages.Truncated(photos[0])];
        var files = images.Select((_, i) => Path.Combine(directory.Path, $"{i}.jpg")).ToList();
        foreach (var (i, image) in images.Index()) await File.WriteAllBytesAsync(files[i], image);
        await ImportOwnHeadAsync();

        using var seen = JsonDocument.Parse(await NodeClient.RunScriptAsync("infer.mjs", [embedded.Topfive.GatewayAddress.Authority, "own", .. files]));
        var root = seen.RootElement;

        var predicted = await Task.WhenAll(photos.Select(async photo =>
            await embedded.Topfive.Predictions.PredictAsync(new PredictRequest { Head = "own", Image = ByteString.CopyFrom(photo), TopK = 2_000 })));
        float[][] probabilities = [.. predicted.Select(answer => answer.Predictions.OrderBy(prediction => prediction.Index).Select(prediction => prediction.Probability).ToArray())];
        var labels = probabilities[0].Length;
        foreach (var way in new[] { "raw", "typed" })
        {
            var answer = root.GetProperty(way);
            Assert.Equal(("probabilities", "FP32", $"{predicted[0].Version}"), (Text(answer, "name"), Text(answer, "datatype"), Text(answer, "version")));
            Assert.Equal([3, labels], Numbers(answer, "shape"));
            Assert.Equal([probabilities[0], probabilities[1], probabilities[0]], Rows(answer));
        }

        var classes = root.GetProperty("classes").GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select(text => text.GetString())).ToList();
        Assert.Equal(2, classes.Count);
        Assert.All(classes.Zip(predicted), pair => Assert.Equal(
            pair.Second.Predictions.Take(3).Select(best => string.Create(CultureInfo.InvariantCulture, $"{best.Probability:F6}:{best.Index}:{best.Label}")), pair.First));

        var vectors = await Task.WhenAll(photos.Select(async photo =>
            (await embedded.Topfive.Features.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(photo) })).Vector.ToArray()));
        Assert.Equal([2, 2048], Numbers(root.GetProperty("vectors"), "shape"));
        Assert.Equal(vectors, Rows(root.GetProperty("vectors")));

        Assert.All(["live", "ready", "modelReady"], question => Assert.True(root.GetProperty(question).GetBoolean()));
        Assert.Equal("topfive", Text(root.GetProperty("server"), "name"));
        Assert.Equal([-1, labels], Numbers(root.GetProperty("headMetadata").GetProperty("outputs")[0], "shape"));
        Assert.Equal([-1, 2048], Numbers(root.GetProperty("backboneMetadata").GetProperty("outputs")[0], "shape"));
        Assert.Contains(root.GetProperty("index").EnumerateArray(), model => Text(model, "name") == "own" && Text(model, "state") == "READY");

        Assert.Equal("INVALID_ARGUMENT", Text(Error(root, "broken"), "code"));
        Assert.StartsWith("element 1 of input 'image': ", Text(Error(root, "broken"), "message"), StringComparison.Ordinal);
        Assert.Equal(("NOT_FOUND", "Request for unknown model: 'nobody' is not found"), (Text(Error(root, "unknown"), "code"), Text(Error(root, "unknown"), "message")));
        Assert.Equal("Request for unknown model: 'own' version 99 is not found", Text(Error(root, "wrongVersion"), "message"));

        var streamed = root.GetProperty("streamed").EnumerateArray().ToList();
        Assert.Equal(["first", "broken", "last"], streamed.Select(answer => Text(answer, "id")));
        Assert.Equal(probabilities[0], Rows(streamed[0]).Single());
        Assert.StartsWith("element 0 of input 'image': ", Text(streamed[1], "error"), StringComparison.Ordinal);
        Assert.Equal(probabilities[1], Rows(streamed[2]).Single());
    }

    private static JsonElement Error(JsonElement root, string name) => root.GetProperty(name).GetProperty("error");

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static int[] Numbers(JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(number => number.GetInt32())];

    private static float[][] Rows(JsonElement answer) =>
        [.. answer.GetProperty("rows").EnumerateArray().Select(row => row.EnumerateArray().Select(number => (float)number.GetDouble()).ToArray())];

    private async Task ImportOwnHeadAsync()
    {
        using var import = embedded.Topfive.Heads.ImportHead();
        var model = await File.ReadAllBytesAsync(Path.ChangeExtension(await TestBackbone.ModelAsync(), ".head.onnx"));
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = "own", Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
    }
}
