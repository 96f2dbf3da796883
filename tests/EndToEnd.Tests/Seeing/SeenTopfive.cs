using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SkiaSharp;
using StackExchange.Redis;
using Topfive.Classifier.V1;
using Topfive.Cli;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>The three services after some of everything: images, training, predictions, and things that went wrong.</summary>
public sealed class SeenTopfive : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();
    private TopfiveProcess _process = null!;
    private GrpcChannel _channel = null!;

    public Scrape Gateway { get; private set; } = null!;

    public Scrape Features { get; private set; } = null!;

    public Scrape Classifier { get; private set; } = null!;

    public IEnumerable<Scrape> All => [Gateway, Features, Classifier];

    public async ValueTask InitializeAsync()
    {
        _process = await TopfiveProcess.StartAsync(new TopfiveOptions
        {
            ModelPath = SmallBackbone.Write(_directory.File("small.onnx")),
            DataDirectory = _directory.File("data"),
            Port = 0,
        });
        _channel = GrpcChannel.ForAddress(_process.GatewayAddress);
        await IngestAsync(24);
        await TrainAsync();
        await PredictAsync();
        Gateway = await ScrapeAsync(_process.GatewayHttpAddress, "topfive_predictions_total");
        Features = await ScrapeAsync(_process.FeaturesHttpAddress, "db_client_operation_duration_seconds");
        Classifier = await ScrapeAsync(_process.ClassifierHttpAddress, "topfive_training_runs_total");
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _directory.Dispose();
    }

    private async Task IngestAsync(int images)
    {
        using var stream = new Ingestion.IngestionClient(_channel).Ingest();
        for (var i = 0; i < images; i++)
        {
            await stream.RequestStream.WriteAsync(new LabeledImage
            {
                Id = $"{i}",
                Dataset = "pets",
                Label = i % 2 == 0 ? "cat" : "dog",
                Split = i % 4 == 3 ? Split.Validation : Split.Training,
                Image = Image(i),
            });
        }

        await stream.RequestStream.CompleteAsync();
        await foreach (var result in stream.ResponseStream.ReadAllAsync()) Assert.NotNull(result.Ingested);
    }

    private async Task TrainAsync()
    {
        var training = new Training.TrainingClient(_channel);
        var run = await training.StartRunAsync(new StartRunRequest { Dataset = "pets", Head = "pets", Recipe = new Recipe { Epochs = 2 }, Promote = true });
        using var watching = training.WatchRun(new WatchRunRequest { RunId = run.RunId });
        var last = await watching.ResponseStream.ReadAllAsync().LastAsync();
        Assert.NotNull(last.Finished);
    }

    /// <summary>Known, new, and broken images; and one whose stored value is no vector, at which the store refuses the command.</summary>
    private async Task PredictAsync()
    {
        var predictions = new Prediction.PredictionClient(_channel);
        await predictions.PredictAsync(new PredictRequest { Head = "pets", Image = Image(1) });
        await predictions.PredictAsync(new PredictRequest { Head = "pets", Image = Image(1000) });
        await Assert.ThrowsAsync<RpcException>(async () => await predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("none") }));

        await using var store = await ConnectionMultiplexer.ConnectAsync(_process.StoreConnectionString);
        var image = Topfive.ImageHash.Of(Image(2).Span).ToString();
        var key = store.GetServers()[0].Keys(pattern: "topfive:vector:*").Single(key => key.ToString().Contains(image, StringComparison.OrdinalIgnoreCase));
        await store.GetDatabase().KeyDeleteAsync(key);
        await store.GetDatabase().ListRightPushAsync(key, "no vector");
        await new Features.V1.FeatureExtraction.FeatureExtractionClient(_channel).ExtractAsync(new Features.V1.ExtractRequest { Image = Image(2) });
    }

    /// <summary>Health is published a second after the start, and a call is counted when it has ended.</summary>
    private static async Task<Scrape> ScrapeAsync(Uri http, string family)
    {
        for (var patience = DateTime.UtcNow.AddSeconds(30); ; await Task.Delay(100))
        {
            var scrape = await Scrape.OfAsync(http);
            if (scrape.Families.Contains("topfive_health") && scrape.Families.Contains(family)) return scrape;
            Assert.True(DateTime.UtcNow < patience, $"after 30 s {http} shows no {family}:\n{scrape.Text}");
        }
    }

    /// <summary>What follows a PNG's end is not looked at, and makes it another image.</summary>
    private static ByteString Image(int number)
    {
        using var bitmap = new SKBitmap(8, 8);
        bitmap.Erase(number % 2 == 0 ? SKColors.SeaGreen : SKColors.Tomato);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return ByteString.CopyFrom([.. encoded.ToArray(), .. BitConverter.GetBytes(number)]);
    }
}
