using Grpc.Net.Client;
using Topfive.Gateway.V1;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>Resident memory of each service, each in a process of its own: when it has become ready, and under predictions.</summary>
internal static class MemoryBench
{
    private const int Callers = 32;

    /// <param name="seconds">Of predictions, every other one of a new image.</param>
    public static async Task<int> RunAsync(double seconds)
    {
        var model = await TestBackbone.ModelAsync();
        var images = await NewImages.MakeAsync();
        await using var store = await BenchStore.StartAsync();
        await using var cluster = await ServiceCluster.StartAsync(model, [store.ConnectionString]);
        var idle = cluster.Rss;
        using var channel = GrpcChannel.ForAddress(cluster.Gateway);
        await new Classifier.V1.Heads.HeadsClient(channel).ImportAsync("bench", Path.ChangeExtension(model, ".head.onnx"));
        await PredictAsync(new Prediction.PredictionClient(channel), images, seconds);
        var loaded = cluster.Rss;
        Figure.Print(
        [
            new("rss_gateway_idle", idle.Gateway / 1e6, "MB", null, "Gateway, just ready"),
            new("rss_classifier_idle", idle.Classifier / 1e6, "MB", null, "ClassifierService, just ready, no head"),
            new("rss_features_idle", idle.Features / 1e6, "MB", null, "FeatureService, warmed up and verified"),
            new("rss_gateway_load", loaded.Gateway / 1e6, "MB", null, $"Gateway after {seconds:0} s of {Callers} callers who predict"),
            new("rss_classifier_load", loaded.Classifier / 1e6, "MB", null, "ClassifierService, the same"),
            new("rss_features_load", loaded.Features / 1e6, "MB", null, "FeatureService, the same"),
        ]);
        return 0;
    }

    private static async Task PredictAsync(Prediction.PredictionClient client, NewImages images, double seconds)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var request = new PredictRequest { Head = "bench", Image = images.Next() };
                await client.PredictAsync(request, cancellationToken: CancellationToken.None);
                await client.PredictAsync(request, cancellationToken: CancellationToken.None);
            }
        })));
    }
}
