using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Cli;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>The whole product in this process, on free ports, with every client at the Gateway's one address.</summary>
internal sealed class Running : IAsyncDisposable
{
    private readonly TopfiveProcess _process;
    private readonly GrpcChannel _classifierChannel;

    private Running(TopfiveProcess process)
    {
        _process = process;
        Channel = GrpcChannel.ForAddress(process.GatewayAddress, new GrpcChannelOptions { MaxSendMessageSize = null, MaxReceiveMessageSize = null });
        _classifierChannel = GrpcChannel.ForAddress(process.ClassifierAddress);
    }

    public GrpcChannel Channel { get; }

    public Uri GatewayAddress => _process.GatewayAddress;

    public Uri GatewayHttpAddress => _process.GatewayHttpAddress;

    public string StoreConnectionString => _process.StoreConnectionString;

    public Prediction.PredictionClient Predictions => new(Channel);

    public Ingestion.IngestionClient Ingestions => new(Channel);

    public FeatureExtraction.FeatureExtractionClient Features => new(Channel);

    public Datasets.DatasetsClient Datasets => new(Channel);

    public Training.TrainingClient Training => new(Channel);

    public Heads.HeadsClient Heads => new(Channel);

    /// <summary>Past the Gateway, which forwards it too.</summary>
    public Classification.ClassificationClient Classifications => new(_classifierChannel);

    public static async Task<Running> StartAsync(string dataDirectory, string? redis = null) =>
        new(await TopfiveProcess.StartAsync(new TopfiveOptions
        {
            ModelPath = await TestBackbone.ModelAsync(),
            DataDirectory = dataDirectory,
            StoreConnectionString = redis,
            Port = 0,
        }));

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        _classifierChannel.Dispose();
        await _process.DisposeAsync();
    }
}
