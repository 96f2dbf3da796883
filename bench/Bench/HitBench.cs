using System.Diagnostics;
using Google.Protobuf;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureService;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;

namespace Topfive.Bench;

/// <summary>
/// What an answer from the store costs, beside a bare gRPC service that answers as many bytes: calls a second, time of
/// one call, and bytes allocated. Every service is a process of its own, as is the store.
/// </summary>
internal sealed class HitBench(TimeSpan round)
{
    private const int Images = 200;
    private const int Rounds = 3;

    /// <summary>h2load knows whole seconds only.</summary>
    private readonly TimeSpan _wholeRound = TimeSpan.FromSeconds(Math.Ceiling(round.TotalSeconds));

    public static async Task<int> RunAsync(double secondsARound)
    {
        await using var redis = await RedisServer.TryStartAsync();
        using var directory = new TempDirectory();
        await using var embedded = redis is null ? await EmbeddedStore.StartAsync(directory.Path) : null;
        Console.WriteLine(redis is null ? "store: embedded in this process, for there is no redis-server on the PATH" : "store: redis-server");
        await new HitBench(TimeSpan.FromSeconds(secondsARound)).MeasureAsync(redis?.ConnectionString ?? embedded!.ConnectionString);
        return 0;
    }

    private async Task MeasureAsync(string store)
    {
        var model = await TestBackbone.ModelAsync();
        var images = await BenchImages.MakeAsync(Images);
        await using var features = await BenchProcess.FeatureServiceAsync(model, store);
        await using var classifier = await BenchProcess.ClassifierServiceAsync(store);
        await using var gateway = await BenchProcess.GatewayAsync(features.Address, classifier.Address);
        await using var echo = await BenchProcess.EchoAsync();
        await features.Client.StreamAsync([.. images.Select(image => new ExtractStreamRequest { Image = UnsafeByteOperations.UnsafeWrap(image) })]);
        await gateway.Heads.ImportAsync("bench", Path.ChangeExtension(model, ".head.onnx"));

        ExtractRequest[] byHash = [.. images.Select(image => new ExtractRequest { ImageHash = Hash(image) })];
        ExtractRequest[] withBytes = [.. images.Select(image => new ExtractRequest { Image = UnsafeByteOperations.UnsafeWrap(image) })];
        PredictRequest[] predictByHash = [.. images.Select(image => new PredictRequest { Head = "bench", ImageHash = Hash(image) })];
        PredictRequest[] predictBytes = [.. images.Select(image => new PredictRequest { Head = "bench", Image = UnsafeByteOperations.UnsafeWrap(image) })];

        var (hits, echoes) = await BesideAsync(
            i => features.Client.ExtractAsync(byHash[i % Images]).ResponseAsync,
            i => echo.Client.ExtractAsync(byHash[i % Images]).ResponseAsync,
            call => RateAsync(16, call));
        var (predict, predictEcho) = await BesideAsync(
            i => gateway.Prediction.PredictAsync(predictBytes[i % Images]).ResponseAsync,
            i => echo.Client.ExtractAsync(withBytes[i % Images]).ResponseAsync,
            MedianAsync);
        var (predictHash, predictHashEcho) = await BesideAsync(
            i => gateway.Prediction.PredictAsync(predictByHash[i % Images]).ResponseAsync,
            i => echo.Client.ExtractAsync(byHash[i % Images]).ResponseAsync,
            MedianAsync);
        List<Figure> figures =
        [
            new("hit_unary", hits, "calls/s", echoes, "Extract by hash, 16 at a time; limit: a bare call that answers as many floats; at least 0.6 is demanded"),
            new("predict_hit", predict, "us", predictEcho, "Predict of a stored image through the Gateway, its bytes sent, one at a time, p50; limit: the bare call's, bytes sent; at most 4 is demanded"),
            new("predict_hit_hash", predictHash, "us", predictHashEcho, "the same by hash"),
        ];
        if (H2Load.IsThere)
        {
            var (native, nativeEcho) = await H2LoadAsync(features.Address, echo.Address, byHash[0]);
            figures.Add(new("hit_unary_h2load", native, "calls/s", nativeEcho, "Extract by hash, 32 at a time from a client in C, which leaves the cores to the server"));
            figures.Add(new("hit_allocated", await AllocatedAsync(model, store, byHash[0]), "bytes", null, "allocated by FeatureService a call, by hash"));
        }
        else
        {
            Console.WriteLine("no h2load on the PATH (Debian: nghttp2-client): its figures are left out");
        }

        Figure.Print(figures);
    }

    /// <returns>Medians of the rounds, which are taken in turn after one that does not count.</returns>
    private static async Task<(double Service, double Echo)> BesideAsync(
        Func<int, Task> service, Func<int, Task> echo, Func<Func<int, Task>, Task<double>> measure)
    {
        await measure(service);
        await measure(echo);
        List<double> services = [], echoes = [];
        for (var i = 0; i < Rounds; i++)
        {
            services.Add(await measure(service));
            echoes.Add(await measure(echo));
        }

        return (services.Order().ElementAt(Rounds / 2), echoes.Order().ElementAt(Rounds / 2));
    }

    /// <returns>Calls a second.</returns>
    private async Task<double> RateAsync(int together, Func<int, Task> call)
    {
        var began = Stopwatch.GetTimestamp();
        var calls = 0;
        await Task.WhenAll(Enumerable.Range(0, together).Select(async caller =>
        {
            for (var i = caller; Stopwatch.GetElapsedTime(began) < round; i += together)
            {
                await call(i);
                Interlocked.Increment(ref calls);
            }
        }));
        return calls / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <returns>Microseconds of the middle one of calls that follow each other.</returns>
    private async Task<double> MedianAsync(Func<int, Task> call)
    {
        var began = Stopwatch.GetTimestamp();
        List<double> times = [];
        for (var i = 0; Stopwatch.GetElapsedTime(began) < round; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await call(i);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }

        return times.Order().ElementAt(times.Count / 2);
    }

    private async Task<(double Service, double Echo)> H2LoadAsync(Uri service, Uri echo, ExtractRequest request)
    {
        List<double> services = [], echoes = [];
        for (var i = 0; i <= Rounds; i++)
        {
            services.Add(await H2Load.RateAsync(service, "/topfive.features.v1.FeatureExtraction/Extract", request, _wholeRound));
            echoes.Add(await H2Load.RateAsync(echo, "/topfive.features.v1.FeatureExtraction/Extract", request, _wholeRound));
        }

        return (services.Skip(1).Order().ElementAt(Rounds / 2), echoes.Skip(1).Order().ElementAt(Rounds / 2));
    }

    /// <returns>Bytes a call that a FeatureService in this process allocates while another process asks it.</returns>
    private async Task<double> AllocatedAsync(string model, string store, ExtractRequest request)
    {
        await using var service = FeatureServiceHost.Build([], new Dictionary<string, string?>
        {
            ["Listen:GrpcPort"] = "0",
            ["Listen:HttpPort"] = "0",
            ["Store:ConnectionString"] = store,
            ["Backbone:Model"] = model,
        });
        await service.StartAsync();
        await FeatureServiceHost.ReadyAsync(service);
        var address = service.GrpcAddress();
        await H2Load.RateAsync(address, "/topfive.features.v1.FeatureExtraction/Extract", request, _wholeRound);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var calls = _wholeRound.TotalSeconds * await H2Load.RateAsync(address, "/topfive.features.v1.FeatureExtraction/Extract", request, _wholeRound);
        var allocated = (GC.GetTotalAllocatedBytes(precise: true) - before) / calls;
        using var table = new AllocationTable();
        calls = _wholeRound.TotalSeconds * await H2Load.RateAsync(address, "/topfive.features.v1.FeatureExtraction/Extract", request, _wholeRound);
        table.Print(calls, rows: 20);
        return allocated;
    }

    private static ByteString Hash(byte[] image) => ByteString.CopyFrom(ImageHash.Of(image).ToByteArray());
}
