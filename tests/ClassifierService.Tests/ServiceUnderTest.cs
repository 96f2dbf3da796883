using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

[assembly: AssemblyFixture(typeof(Topfive.ClassifierService.Tests.EmbeddedService))]

namespace Topfive.ClassifierService.Tests;

/// <summary>The real service in this process, on free ports, and clients of it.</summary>
internal sealed class ServiceUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly GrpcChannel _channel;

    private ServiceUnderTest(WebApplication app)
    {
        _app = app;
        _channel = GrpcChannel.ForAddress(app.GrpcAddress());
        Datasets = new Datasets.DatasetsClient(_channel);
        Training = new Training.TrainingClient(_channel);
        Heads = new Heads.HeadsClient(_channel);
        Classification = new Classification.ClassificationClient(_channel);
    }

    public Datasets.DatasetsClient Datasets { get; }

    public Training.TrainingClient Training { get; }

    public Heads.HeadsClient Heads { get; }

    public Classification.ClassificationClient Classification { get; }

    public Uri Address => _app.GrpcAddress();

    public Uri HttpAddress => _app.HttpAddress();

    public static async Task<ServiceUnderTest> StartAsync(params IEnumerable<(string Name, string? Value)> settings)
    {
        (string, string?)[] common = [("Listen:GrpcPort", "0"), ("Listen:HttpPort", "0"), ("Logging:LogLevel:Default", "Warning")];
        var app = ClassifierServiceHost.Build([], common.Concat(settings).Select(setting => KeyValuePair.Create(setting.Item1, setting.Item2)));
        await app.StartAsync();
        var service = new ServiceUnderTest(app);
        await service.Get<BackboneRegistry>().AnnounceAsync(Some.Backbone);
        return service;
    }

    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    /// <summary>Adds examples whose vectors are stored; example i has label i mod labels, every fourth round validates.</summary>
    /// <param name="examples">How many.</param>
    /// <param name="labels">How many different.</param>
    /// <param name="wrongEvery">Every so many-th example has the next label instead; 0: none.</param>
    public async Task<string> AddDatasetAsync(int examples = 48, int labels = 4, int wrongEvery = 0)
    {
        var dataset = Some.Name("dataset");
        var vectors = Get<VectorStore>();
        var all = new List<Example>();
        for (var i = 0; i < examples; i++)
        {
            var image = ImageHash.Of(BitConverter.GetBytes(i).Concat(System.Text.Encoding.UTF8.GetBytes(dataset)).ToArray());
            await vectors.SetAsync(Some.Backbone.Fingerprint, image, SyntheticVectors.Vector(i, i % labels));
            all.Add(new Example
            {
                Dataset = dataset,
                ImageHash = ByteString.CopyFrom(image.ToByteArray()),
                Label = $"label {(wrongEvery > 0 && i % wrongEvery == 0 ? i + 1 : i) % labels}",
                Split = i / labels % 4 == 3 ? Split.Validation : Split.Training,
            });
        }

        await AddExamplesAsync(all);
        return dataset;
    }

    public async Task<AddExamplesResponse> AddExamplesAsync(params IEnumerable<Example> examples)
    {
        using var call = Datasets.AddExamples();
        foreach (var example in examples) await call.RequestStream.WriteAsync(example);
        await call.RequestStream.CompleteAsync();
        return await call;
    }

    public async Task<Head> ImportAsync(string head, byte[] model, bool promote = false)
    {
        using var call = Heads.ImportHead();
        await call.RequestStream.WriteAsync(new ImportHeadRequest { Head = head, Promote = promote, Data = ByteString.CopyFrom(model) });
        await call.RequestStream.CompleteAsync();
        return await call;
    }

    public async Task<List<RunEvent>> WatchAsync(string runId)
    {
        using var call = Training.WatchRun(new WatchRunRequest { RunId = runId });
        var events = new List<RunEvent>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None)) events.Add(call.ResponseStream.Current);
        return events;
    }
}

/// <summary>One service with an embedded store for all tests that need no other.</summary>
public sealed class EmbeddedService : IAsyncLifetime
{
    private readonly TempDirectory _directory = new();

    internal ServiceUnderTest Service { get; private set; } = null!;

    public async ValueTask InitializeAsync() =>
        Service = await ServiceUnderTest.StartAsync(("Store:DataDirectory", _directory.Path), ("Heads:MaxImportBytes", "2000000"), ("Training:MemoryLimit", $"{256 << 20}"));

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        _directory.Dispose();
    }
}
