using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Classifier.V1;
using Topfive.Cli;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(Topfive.Consoles.Tests.RunningTopfive))]

namespace Topfive.Consoles.Tests;

/// <summary>
/// The whole product with a backbone that costs nothing, as <c>topfive up</c> starts it, with the dataset "painted" and a head of the same name of two versions,
/// the first of them live. Tests look at these, and change only what has a name of their own.
/// </summary>
public sealed class RunningTopfive : IAsyncLifetime
{
    internal const string Dataset = "painted";

    private const int ImagesPerLabel = 9;

    private readonly TempDirectory _directory = new();
    private TopfiveProcess? _process;
    private GrpcChannel? _channel;

    public Uri Console => _process!.GatewayHttpAddress;

    public Uri Grpc => _process!.GatewayAddress;

    internal TempDirectory Files => _directory;

    internal Training.TrainingClient Training => new(_channel!);

    internal Heads.HeadsClient Heads => new(_channel!);

    public async ValueTask InitializeAsync()
    {
        await StartAsync(new Dictionary<string, string?>
        {
            // A long run is no other test's to wait for.
            ["Training:ConcurrentRuns"] = "4",
        });
        await IngestAsync();
        await TrainAsync(Dataset, versions: 2);
    }

    internal async ValueTask StartAsync(IReadOnlyDictionary<string, string?> settings)
    {
        _process = await TopfiveProcess.StartAsync(new TopfiveOptions
        {
            ModelPath = SmallBackbone.Write(_directory.File("small.onnx")),
            DataDirectory = _directory.File("data"),
            Port = 0,
            Settings = settings,
        });
        _channel = GrpcChannel.ForAddress(_process.GatewayAddress);
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        _directory.Dispose();
    }

    /// <summary>Versions of a head, on the dataset; the first goes live.</summary>
    internal async Task TrainAsync(string head, int versions, Metadata? headers = null)
    {
        for (var version = 0; version < versions; version++)
        {
            var run = await Training.StartRunAsync(
                new StartRunRequest { Dataset = Dataset, Head = head, Recipe = new Recipe { Epochs = 20 + version, LearningRate = 1e-3f } }, headers);
            using var watching = Training.WatchRun(new WatchRunRequest { RunId = run.RunId }, headers);
            await foreach (var happened in watching.ResponseStream.ReadAllAsync()) Assert.Null(happened.Failed);
        }
    }

    /// <summary>The painted images, as the dataset.</summary>
    internal async Task IngestAsync(Metadata? headers = null)
    {
        using var ingest = new Ingestion.IngestionClient(_channel!).Ingest(headers);
        for (var number = 0; number < ImagesPerLabel; number++)
        {
            foreach (var (label, _) in Painted.Labels)
            {
                await ingest.RequestStream.WriteAsync(new LabeledImage
                {
                    Id = $"{label}-{number}",
                    Dataset = Dataset,
                    Label = label,
                    Image = Painted.Image(label, number),
                    Split = number % 3 == 0 ? Split.Validation : Split.Training,
                });
            }
        }

        await ingest.RequestStream.CompleteAsync();
        await foreach (var result in ingest.ResponseStream.ReadAllAsync()) Assert.Null(result.Error);
    }
}
