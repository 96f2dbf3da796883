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

/// <summary>The whole product with a backbone that costs nothing, as <c>topfive up</c> starts it; each test has names of its own.</summary>
public sealed class RunningTopfive : IAsyncLifetime
{
    private const int ImagesPerLabel = 12;

    private readonly TempDirectory _directory = new();
    private TopfiveProcess? _process;
    private GrpcChannel? _channel;

    public Uri Console => _process!.GatewayHttpAddress;

    public Uri Grpc => _process!.GatewayAddress;

    internal TempDirectory Files => _directory;

    internal Training.TrainingClient Training => new(_channel!);

    internal Heads.HeadsClient Heads => new(_channel!);

    public ValueTask InitializeAsync() => StartAsync(new Dictionary<string, string?>());

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

    /// <summary>A dataset of all painted labels, and as many versions of a head of the same name as asked.</summary>
    /// <param name="name">Of both.</param>
    /// <param name="versions">The first goes live.</param>
    /// <param name="epochs">Of the first; each has one more than the one before.</param>
    /// <param name="headers">Who does it.</param>
    internal async Task PrepareAsync(string name, int versions, int epochs = 40, Metadata? headers = null)
    {
        using (var ingest = new Ingestion.IngestionClient(_channel!).Ingest(headers))
        {
            for (var number = 0; number < ImagesPerLabel; number++)
            {
                foreach (var (label, _) in Painted.Labels)
                {
                    await ingest.RequestStream.WriteAsync(new LabeledImage
                    {
                        Id = $"{label}-{number}", Dataset = name, Label = label, Image = Painted.Image(label, number), Split = number % 3 == 0 ? Split.Validation : Split.Training,
                    });
                }
            }

            await ingest.RequestStream.CompleteAsync();
            await foreach (var result in ingest.ResponseStream.ReadAllAsync()) Assert.Null(result.Error);
        }

        for (var version = 0; version < versions; version++)
        {
            var run = await Training.StartRunAsync(
                new StartRunRequest { Dataset = name, Head = name, Recipe = new Recipe { Epochs = epochs + version, LearningRate = 1e-3f } }, headers);
            using var watching = Training.WatchRun(new WatchRunRequest { RunId = run.RunId }, headers);
            await foreach (var happened in watching.ResponseStream.ReadAllAsync()) Assert.Null(happened.Failed);
        }
    }
}
