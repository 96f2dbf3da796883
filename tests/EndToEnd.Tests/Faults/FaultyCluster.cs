using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>The services as processes, a small backbone, a live head "small", and images that nobody has seen; for tests that break something.</summary>
internal sealed class FaultyCluster : IAsyncDisposable
{
    public const string Head = "small";

    private static readonly byte[] Png = AnyPng();
    private static int _images;

    private readonly TempDirectory _directory = new();
    private readonly GrpcChannel _channel;

    private FaultyCluster(TempDirectory directory, ServiceCluster services)
    {
        _directory = directory;
        Services = services;
        _channel = GrpcChannel.ForAddress(services.Gateway);
    }

    public ServiceCluster Services { get; }

    public FeatureExtraction.FeatureExtractionClient Features => new(_channel);

    public Prediction.PredictionClient Predictions => new(_channel);

    public Ingestion.IngestionClient Ingestions => new(_channel);

    public Heads.HeadsClient Heads => new(_channel);

    public Training.TrainingClient Training => new(_channel);

    public Classification.ClassificationClient Classifications => new(_channel);

    /// <param name="store">In StackExchange.Redis' syntax.</param>
    /// <param name="features">How many FeatureServices.</param>
    /// <param name="classifiers">How many ClassifierServices.</param>
    /// <param name="everywhere">Settings of every process: environment variables.</param>
    public static async Task<FaultyCluster> StartAsync(string store, int features = 1, int classifiers = 1, Dictionary<string, string?>? everywhere = null)
    {
        var directory = new TempDirectory();
        var model = SmallBackbone.Write(directory.File("small.onnx"));
        var services = await ServiceCluster.StartAsync(model, [.. Enumerable.Repeat(store, features)], everywhere: everywhere, classifiers: classifiers);
        var cluster = new FaultyCluster(directory, services);
        await cluster.ImportHeadAsync();
        foreach (var classifier in services.ClassifierProcesses) await WarmAsync(classifier);
        return cluster;
    }

    /// <summary>A live head is in a process' memory once it was asked for.</summary>
    public static async Task WarmAsync(ServiceProcess classifier)
    {
        using var channel = GrpcChannel.ForAddress(classifier.Address);
        await new Classification.ClassificationClient(channel).ClassifyAsync(ByVector());
    }

    public static ClassifyRequest ByVector() => new() { Head = Head, Vector = new FloatVector { Values = { Enumerable.Repeat(0.5f, 2048) } } };

    public static PredictRequest ByImage(ByteString image) => new() { Head = Head, Image = image };

    /// <summary>What follows a PNG's end is not looked at, and makes it another image.</summary>
    public static ByteString NewImage() => ByteString.CopyFrom([.. Png, .. BitConverter.GetBytes(Interlocked.Increment(ref _images))]);

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Services.DisposeAsync();
        _directory.Dispose();
    }

    private async Task ImportHeadAsync()
    {
        var layer = new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax);
        var model = HeadModel.Write(new DenseHead(["cat", "dog"], (await Features.GetBackboneAsync(new GetBackboneRequest())).Fingerprint, [layer]));
        using var import = Heads.ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = Head, Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
    }

    private static byte[] AnyPng()
    {
        using var bitmap = new SKBitmap(8, 8);
        bitmap.Erase(SKColors.SeaGreen);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }
}
