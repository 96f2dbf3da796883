using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.TestKit;
using Xunit;

namespace Topfive.EndToEnd.Tests;

/// <summary>The three services, each a process of its own, that send what they see to a collector.</summary>
public sealed class TracedCluster : IAsyncLifetime
{
    public const string Head = "small";

    private readonly TempDirectory _directory = new();
    private EmbeddedStore _store = null!;
    private ServiceCluster _cluster = null!;

    internal Collector Collector { get; private set; } = null!;

    public GrpcChannel Channel { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Collector = await Collector.StartAsync();
        _store = await EmbeddedStore.StartAsync(_directory.File("store"));
        _cluster = await ServiceCluster.StartAsync(SmallBackbone.Write(_directory.File("small.onnx")), [_store.ConnectionString], everywhere: new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Collector.Address,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        });
        Channel = GrpcChannel.ForAddress(_cluster.Gateway);
        using var import = new Heads.HeadsClient(Channel).ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = Head, Promote = true, Data = ByteString.CopyFrom(SmallHead.Write()) });
        await import.RequestStream.CompleteAsync();
        await import;
    }

    public async ValueTask DisposeAsync()
    {
        Channel?.Dispose();
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
        await Collector.DisposeAsync();
        _directory.Dispose();
    }
}

/// <summary>A head for the small backbone.</summary>
internal static class SmallHead
{
    public static byte[] Write() => HeadModel.Write(new DenseHead(
        ["cat", "dog"], new string('5', 64), [new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax)]));
}
