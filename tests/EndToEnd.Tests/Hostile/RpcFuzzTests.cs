using System.Collections.Concurrent;
using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.Inference.V2;
using Topfive.TestKit;
using Xunit;
using Enum = System.Enum;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>
/// Every method of every proto, through the Gateway and directly at the service that has it, called with what attackers and broken clients send. What there is to
/// call is read from the protos' descriptors: a new method is called without a new line here.
/// </summary>
public sealed class RpcFuzzTests : IAsyncLifetime
{
    private const int CallsAMethod = 60;
    private const int MostImageBytes = 1_000_000;
    private const int MostMessageBytes = MostImageBytes + (1 << 20);
    private const long MostGrowth = 250 << 20;

    /// <summary>What the table of failures answers to callers who ask for the wrong thing, too much, or in no time.</summary>
    private static readonly StatusCode[] Foreseen =
    [
        StatusCode.OK, StatusCode.Cancelled, StatusCode.InvalidArgument, StatusCode.DeadlineExceeded, StatusCode.NotFound, StatusCode.ResourceExhausted,
        StatusCode.FailedPrecondition, StatusCode.Unimplemented,
    ];

    private static readonly MethodDescriptor[] Methods =
    [
        .. typeof(FeaturesReflection).Assembly.GetTypes()
            .Select(type => type.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null)).OfType<FileDescriptor>()
            .SelectMany(file => file.Services).SelectMany(service => service.Methods).OrderBy(method => method.FullName, StringComparer.Ordinal),
    ];

    private readonly TempDirectory _directory = new();
    private readonly ConcurrentDictionary<(string Method, StatusCode Status), int> _answers = [];
    private readonly ConcurrentBag<string> _unforeseen = [];
    private EmbeddedStore _store = null!;
    private ServiceCluster _cluster = null!;
    private GrpcChannel _channel = null!;
    private RandomMessage.Known _known = null!;
    private (MethodDescriptor Method, string Where, RawGrpc Service)[] _targets = [];

    public async ValueTask InitializeAsync()
    {
        _store = await EmbeddedStore.StartAsync(_directory.File("store"));
        _cluster = await ServiceCluster.StartAsync(SmallBackbone.Write(_directory.File("small.onnx")), [_store.ConnectionString], everywhere: new Dictionary<string, string?>
        {
            ["Limits__MaxImageBytes"] = $"{MostImageBytes}",
            ["Limits__MaxImagePixels"] = "1000000",
            ["Limits__MaxHashes"] = "1000",
            ["Training__MemoryLimit"] = $"{64 << 20}",
            ["Training__Threads"] = "1",
            ["Training__QueueCapacity"] = "4",
            ["Heads__MaxImportBytes"] = "2000000",
            ["Logging__LogLevel__Default"] = "None",
            // Its line says where it listens.
            ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
        });
        _channel = GrpcChannel.ForAddress(_cluster.Gateway);
        _known = await PrepareAsync();
        var (gateway, features, classifier) = (new RawGrpc(_cluster.Gateway), new RawGrpc(_cluster.Features[0]), new RawGrpc(_cluster.Classifier));
        _targets =
        [
            .. Methods.Select(method => (method, "Gateway", gateway)),
            .. Methods.Where(method => method.File.Package == "topfive.features.v1").Select(method => (method, "FeatureService", features)),
            .. Methods.Where(method => method.File.Package == "topfive.classifier.v1").Select(method => (method, "ClassifierService", classifier)),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _targets.Select(target => target.Service).Distinct()) service.Dispose();
        _channel?.Dispose();
        if (_cluster is not null) await _cluster.DisposeAsync();
        if (_store is not null) await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Every_method_answers_hostile_calls_in_time_with_a_foreseen_status_and_nothing_grows_or_ends()
    {
        Assert.Equal(["inference", "topfive.classifier.v1", "topfive.features.v1", "topfive.gateway.v1"], Methods.Select(method => method.File.Package).Distinct().Order());
        var calls = _targets.Length * CallsAMethod;
        await Fuzz.RunAsync(calls / 5, atOnce: 8, CallAsync);
        var before = _cluster.Rss;
        var run = await Fuzz.RunAsync(calls, atOnce: 8, CallAsync);
        var after = _cluster.Rss;

        Assert.True(_unforeseen.IsEmpty, string.Join('\n', _unforeseen.Order().Take(50)));
        Assert.InRange(after.Gateway - before.Gateway, long.MinValue, MostGrowth);
        Assert.InRange(after.Features - before.Features, long.MinValue, MostGrowth);
        Assert.InRange(after.Classifier - before.Classifier, long.MinValue, MostGrowth);
        await EverythingStillWorksAsync();
        if (run < calls) return;

        // Neither all noise nor all harmless: every method was reached with something that it understood, and with something that it did not.
        Assert.All(_targets, target =>
        {
            var name = $"{target.Where} {target.Method.FullName}";
            var answers = Enum.GetValues<StatusCode>().ToDictionary(status => status, status => _answers.GetValueOrDefault((name, status)));
            Assert.True(answers[StatusCode.InvalidArgument] > 2 && answers.Values.Sum() - answers[StatusCode.InvalidArgument] > 2, $"{name}: {string.Join(", ", answers.Where(answer => answer.Value > 0))}");
        });
    }

    private async Task CallAsync(int seed)
    {
        var (method, where, service) = _targets[seed % _targets.Length];
        var call = new FuzzedCall(seed, method, _known, MostMessageBytes);
        var name = $"{where} {method.FullName}";
        RawGrpc.Answer answer;
        try
        {
            answer = await service.CallAsync($"/{method.Service.FullName}/{method.Name}", call.Body, call.Headers);
        }
        catch (HttpRequestException exception) when (exception.InnerException is HttpProtocolException or IOException || exception.HttpRequestError != HttpRequestError.ConnectionError)
        {
            // What comes after a refusal is not read: the stream is reset when the rest of the message is still on its way.
            answer = new(StatusCode.Cancelled, exception.Message, []);
        }

        if (answer.Code is not { } code || !Foreseen.Contains(code))
        {
            _unforeseen.Add($"{name}: {answer.Code} '{answer.Message}' (TOPFIVE_FUZZ_SEED={seed})");
            return;
        }

        _answers.AddOrUpdate((name, code), 1, (_, count) => count + 1);
        foreach (var status in answer.Messages.SelectMany(message => StatusesIn(method.OutputType.Parser.ParseFrom(message))))
        {
            if (!Foreseen.Contains((StatusCode)status.Code)) _unforeseen.Add($"{name}, an item: {(StatusCode)status.Code} '{status.Message}' (TOPFIVE_FUZZ_SEED={seed})");
        }
    }

    /// <summary>Of items that failed, wherever they stand in an answer.</summary>
    private static IEnumerable<Google.Rpc.Status> StatusesIn(IMessage message)
    {
        if (message is Google.Rpc.Status status) return [status];
        return message.Descriptor.Fields.InDeclarationOrder()
            .Where(field => field.FieldType == FieldType.Message && !field.IsMap && field.MessageType.File.Package != "google.protobuf")
            .SelectMany(field => field.Accessor.GetValue(message) switch
            {
                IMessage one => [one],
                System.Collections.IEnumerable many => many.OfType<IMessage>(),
                _ => [],
            })
            .SelectMany(StatusesIn);
    }

    private async Task EverythingStillWorksAsync()
    {
        await ImportHeadAsync("well");
        var image = Png(7_777);
        var predicted = await new Prediction.PredictionClient(_channel).PredictAsync(new PredictRequest { Head = "well", Image = image });
        Assert.Equal(2, predicted.Predictions.Count);
        using var direct = GrpcChannel.ForAddress(_cluster.Features[0]);
        Assert.Equal(2048, (await new FeatureExtraction.FeatureExtractionClient(direct).ExtractAsync(new ExtractRequest { Image = image })).Vector.Count);
        Assert.NotEmpty((await new Heads.HeadsClient(_channel).ListHeadsAsync(new ListHeadsRequest())).Heads);
    }

    /// <summary>Images, a dataset, heads and a run, for calls that name what there is.</summary>
    private async Task<RandomMessage.Known> PrepareAsync()
    {
        ByteString[] images = [.. Enumerable.Range(0, 16).Select(Png)];
        string[] labels = ["cat", "dog"];
        using (var ingest = new Ingestion.IngestionClient(_channel).Ingest())
        {
            foreach (var (i, image) in images.Index())
            {
                await ingest.RequestStream.WriteAsync(new LabeledImage { Dataset = "pets", Label = labels[i % 2], Image = image, Split = i < 12 ? Split.Training : Split.Validation });
            }

            await ingest.RequestStream.CompleteAsync();
            Assert.All(await ingest.ResponseStream.ReadAllAsync().ToListAsync(), result => Assert.NotNull(result.Ingested));
        }

        var model = await ImportHeadAsync("small");
        await ImportHeadAsync("other");
        var training = new Training.TrainingClient(_channel);
        var run = await training.StartRunAsync(new StartRunRequest { Dataset = "pets", Head = "trained", Recipe = new Recipe { Epochs = 2, HiddenUnits = { 8 } }, Promote = true });
        using (var watch = training.WatchRun(new WatchRunRequest { RunId = run.RunId }))
        {
            Assert.NotNull((await watch.ResponseStream.ReadAllAsync().LastAsync()).Finished);
        }

        byte[][] hashes = [.. images.Select(image => ImageHash.Of(image.Span).ToByteArray())];
        return new(
            [("dataset", ["pets", "pets", "pets", "zoo"]), ("head", ["small", "other", "trained", "new"]), ("model_name", ["small", "small", "inception_v3", "zoo"]), ("label", labels), ("run_id", [run.RunId]), ("fingerprint", [new('5', 64)])],
            [("hash", hashes), ("image", [.. images.Select(image => image.ToByteArray())]), ("data", [model])],
            [
                new ModelInferRequest { ModelName = "small", Inputs = { new ModelInferRequest.Types.InferInputTensor { Name = "image", Datatype = "BYTES", Shape = { 1 }, Contents = new InferTensorContents { BytesContents = { images[0] } } } } },
                new ImportHeadRequest { Head = "new", Data = ByteString.CopyFrom(model) },
            ]);
    }

    private async Task<byte[]> ImportHeadAsync(string name)
    {
        var layer = new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax);
        var model = HeadModel.Write(new DenseHead(["cat", "dog"], new string('5', 64), [layer]));
        using var import = new Heads.HeadsClient(_channel).ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = name, Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
        return model;
    }

    private static ByteString Png(int number)
    {
        using var bitmap = new SKBitmap(8, 8);
        bitmap.Erase(new SKColor((uint)(0xFF00_0000 + (number * 7_919))));
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return ByteString.CopyFrom(encoded.ToArray());
    }
}
