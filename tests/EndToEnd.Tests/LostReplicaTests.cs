using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>Three FeatureServices behind a Gateway, each a process of its own, one of which is killed and comes back.</summary>
public sealed class LostReplicaTests : IAsyncLifetime
{
    private const int Replicas = 3;
    private const int Lost = 1;

    private static readonly byte[] Png = AnyPng();

    private readonly TempDirectory _directory = new();
    private readonly List<EmbeddedStore> _stores = [];
    private ServiceCluster _cluster = null!;
    private GrpcChannel _channel = null!;
    private int _images;

    private FeatureExtraction.FeatureExtractionClient Features => new(_channel);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_cluster is not null) await _cluster.DisposeAsync();
        foreach (var store in _stores) await store.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task Callers_do_not_notice_that_a_replica_is_killed_and_comes_back()
    {
        await StartAsync(stores: 1);
        await ImportHeadAsync("small");
        var load = new SteadyLoad();
        load.Repeat(8, async () => { await Features.ExtractAsync(new ExtractRequest { Image = NewImage() }); });
        load.Repeat(4, async () =>
        {
            var request = new PredictRequest { Head = "small", Image = NewImage() };
            // A replica that is killed between storing and answering leaves the vector to the one that is asked next.
            Assert.Contains((await new Prediction.PredictionClient(_channel).PredictAsync(request)).Source, new[] { Source.Computed, Source.Store });
        });
        load.Repeat(2, () => StreamAsync(20));
        load.Repeat(2, () => IngestAsync(20));

        await load.GoOnAsync();
        await _cluster.KillAsync(Lost);
        await load.GoOnAsync();
        await _cluster.StartAgainAsync(Lost);
        await load.GoOnAsync();
        await load.EndAsync();

        load.NoneFailed();
        // A busy machine is slow as well: this is no measurement.
        Assert.InRange(load.Longest, TimeSpan.Zero, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Duplicates_meet_in_one_replica_before_one_is_killed_then_and_after_it_has_come_back()
    {
        // A store each: no replica can hide behind what another one has stored that it was asked for the same image.
        await StartAsync(stores: Replicas);
        await EveryReplicaTakesPartAsync();
        var before = await ExtractTwiceAsync();
        await _cluster.KillAsync(Lost);
        var meanwhile = await ExtractTwiceAsync();
        await _cluster.StartAgainAsync(Lost);
        await EveryReplicaTakesPartAsync();
        var after = await ExtractTwiceAsync();

        Assert.All([before, meanwhile, after], images => Assert.Equal(images.Count, images.Sum(image => image.Computed)));
        foreach (var images in new[] { before, after })
        {
            var shares = await SharesAsync(images.Select(image => image.Image));
            Assert.Equal(images.Count, shares.Sum());
            Assert.All(shares, share => Assert.InRange(share, images.Count / 10, images.Count * 6 / 10));
        }

        Assert.Equal(meanwhile.Count, (await SharesAsync(meanwhile.Select(image => image.Image))).Where((_, replica) => replica != Lost).Sum());
    }

    private async Task StartAsync(int stores)
    {
        for (var i = 0; i < stores; i++)
        {
            _stores.Add(await EmbeddedStore.StartAsync(_directory.File($"store{i}")));
        }

        var model = SmallBackbone.Write(_directory.File("small.onnx"));
        _cluster = await ServiceCluster.StartAsync(model, [.. Enumerable.Range(0, Replicas).Select(i => _stores[i % stores].ConnectionString)]);
        _channel = GrpcChannel.ForAddress(_cluster.Gateway);
    }

    private async Task ImportHeadAsync(string name)
    {
        var layer = new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax);
        var model = HeadModel.Write(new DenseHead(["cat", "dog"], (await Features.GetBackboneAsync(new GetBackboneRequest())).Fingerprint, [layer]));
        using var import = new Heads.HeadsClient(_channel).ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = name, Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
    }

    private async Task StreamAsync(int count)
    {
        using var stream = Features.ExtractStream();
        var reading = stream.ResponseStream.ReadAllAsync().ToListAsync();
        for (var i = 0; i < count; i++)
        {
            await stream.RequestStream.WriteAsync(new ExtractStreamRequest { Id = $"{i}", Image = NewImage() });
        }

        await stream.RequestStream.CompleteAsync();
        var results = await reading;
        Assert.Equal(count, results.Select(result => result.Id).Distinct().Count());
        Assert.All(results, result => Assert.Equal(2048, result.Extracted?.Vector.Count));
    }

    private async Task IngestAsync(int count)
    {
        using var stream = new Ingestion.IngestionClient(_channel).Ingest();
        var reading = stream.ResponseStream.ReadAllAsync().ToListAsync();
        for (var i = 0; i < count; i++)
        {
            await stream.RequestStream.WriteAsync(new LabeledImage { Id = $"{i}", Dataset = "pets", Label = "cat", Image = NewImage() });
        }

        await stream.RequestStream.CompleteAsync();
        var results = await reading;
        Assert.Equal(count, results.Select(result => result.Id).Distinct().Count());
        Assert.All(results, result => Assert.NotNull(result.Ingested));
    }

    /// <summary>Each of 90 new images comes twice at the same time, alone and in a stream.</summary>
    /// <returns>The images, and how many of the two answers were computed.</returns>
    private async Task<List<(ByteString Image, int Computed)>> ExtractTwiceAsync()
    {
        ByteString[] images = [.. Enumerable.Range(0, 90).Select(_ => NewImage())];
        using var stream = Features.ExtractStream();
        var reading = stream.ResponseStream.ReadAllAsync().ToDictionaryAsync(result => result.Id, result => result.Extracted.Source).AsTask();
        var alone = Task.WhenAll(images.Select(async image => (await Features.ExtractAsync(new ExtractRequest { Image = image })).Source));
        for (var i = 0; i < images.Length; i++)
        {
            await stream.RequestStream.WriteAsync(new ExtractStreamRequest { Id = $"{i}", Image = images[i] });
        }

        await stream.RequestStream.CompleteAsync();
        var (streamed, single) = (await reading, await alone);
        return [.. images.Select((image, i) => (image, new[] { single[i], streamed[$"{i}"] }.Count(source => source == Source.Computed)))];
    }

    /// <summary>Sends new images until each replica has got one.</summary>
    private async Task EveryReplicaTakesPartAsync()
    {
        var images = new List<ByteString>();
        for (var began = DateTime.UtcNow; DateTime.UtcNow - began < TimeSpan.FromMinutes(1); await Task.Delay(100))
        {
            images.Add(NewImage());
            await Features.ExtractAsync(new ExtractRequest { Image = images[^1] });
            if ((await SharesAsync(images)).All(share => share > 0)) return;
        }

        Assert.Fail("not every replica got an image within a minute");
    }

    /// <returns>How many of the images each replica has in its store.</returns>
    private async Task<int[]> SharesAsync(IEnumerable<ByteString> images)
    {
        var request = new FindMissingRequest { ImageHashes = { images.Select(image => ByteString.CopyFrom(ImageHash.Of(image.Span).ToByteArray())) } };
        return await Task.WhenAll(_cluster.Features.Select(async address =>
        {
            using var channel = GrpcChannel.ForAddress(address);
            var missing = await new FeatureExtraction.FeatureExtractionClient(channel).FindMissingAsync(request);
            return request.ImageHashes.Count - missing.MissingImageHashes.Count;
        }));
    }

    /// <summary>What follows a PNG's end is not looked at, and makes it another image.</summary>
    private ByteString NewImage() => ByteString.CopyFrom([.. Png, .. BitConverter.GetBytes(Interlocked.Increment(ref _images))]);

    private static byte[] AnyPng()
    {
        using var bitmap = new SKBitmap(8, 8);
        bitmap.Erase(SKColors.SeaGreen);
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }
}
