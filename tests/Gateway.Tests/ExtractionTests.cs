using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.ServiceDefaults;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>FeatureExtraction through the Gateway, which spreads images over the replicas of FeatureService.</summary>
public sealed class ExtractionTests
{
    private static ByteString Photo(int i) => ByteString.CopyFromUtf8($"photo {i}");

    private static FeatureExtraction.FeatureExtractionClient Client(RunningGateway gateway) => new(gateway.Channel);

    [Fact]
    public async Task However_an_image_comes_in_the_same_one_of_three_listed_replicas_gets_it()
    {
        await using var replicas = await Replicas.StartAsync(3);
        await using var gateway = await replicas.GatewayAsync();
        ExtractStreamRequest[] items = [.. Enumerable.Range(0, 100).Select(i => new ExtractStreamRequest { Id = $"{i}", Image = Photo(i) })];

        await Task.WhenAll(items.Select(async item => await Client(gateway).ExtractAsync(new ExtractRequest { Image = item.Image })));
        var streamed = await StreamAsync(gateway, items);
        await Task.WhenAll(items.Select(async item => await gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = item.Image })));

        Assert.All(streamed, result => Assert.Equal(ByteString.CopyFrom(ImageHash.Of(Photo(int.Parse(result.Id)).Span).ToByteArray()), result.Extracted.ImageHash));
        Assert.Equal(100, replicas.Fakes.Sum(fake => fake.Vectors.Count));
        Assert.Equal(300, replicas.Fakes.Sum(fake => fake.Extractions));
        Assert.All(replicas.Fakes, fake => Assert.InRange(fake.Vectors.Count, 10, 60));
    }

    [Fact]
    public async Task A_replica_that_is_not_ready_is_passed_over_without_an_error_and_gets_its_images_when_it_is()
    {
        await using var replicas = await Replicas.StartAsync(2);
        await using var gateway = await replicas.GatewayAsync();
        var late = replicas.Fakes[1];
        late.WarmingUp = true;

        for (var i = 0; i < 20; i++)
        {
            await Client(gateway).ExtractAsync(new ExtractRequest { Image = Photo(i) });
        }

        Assert.Equal(20, replicas.Fakes[0].Vectors.Count);
        Assert.InRange(late.Asked, 1, 19);

        late.WarmingUp = false;
        await StreamAsync(gateway, Enumerable.Range(0, 20).Select(i => new ExtractStreamRequest { Image = Photo(i) }));

        Assert.Equal(late.Asked, 2 * late.Extractions);
        Assert.Equal(20 + 20, replicas.Fakes.Sum(fake => fake.Extractions));
    }

    [Fact]
    public async Task A_bad_item_of_a_stream_fails_alone_with_the_services_own_words()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var results = await StreamAsync(gateway,
        [
            new ExtractStreamRequest { Id = "bad", Image = ByteString.CopyFromUtf8("x") },
            new ExtractStreamRequest { Id = "good", Image = Photo(1), AugmentedCopies = 2, Augmentation = new Augmentation { Seed = 3 }, OmitVector = true },
        ]);

        var bad = results.Single(result => result.Id == "bad").Error;
        Assert.Equal(((int)StatusCode.InvalidArgument, "not an image"), (bad.Code, bad.Message));
        Assert.Equal(2, results.Single(result => result.Id == "good").Extracted.Copies.Count);
        var sent = Assert.Single(gateway.Fake.Extracted);
        Assert.Equal((true, true, 2, 3UL), (sent.Bulk, sent.OmitVector, sent.AugmentedCopies, sent.Augmentation.Seed));
    }

    [Fact]
    public async Task What_is_not_about_one_image_passes_too()
    {
        await using var gateway = await RunningGateway.StartAsync();
        ByteString[] hashes = [Photo(1), Photo(2)];

        var missing = await Client(gateway).FindMissingAsync(new FindMissingRequest { ImageHashes = { hashes } });
        using var reading = Client(gateway).GetVectors(new GetVectorsRequest { ImageHashes = { hashes } });
        var read = await reading.ResponseStream.ReadAllAsync().ToListAsync();
        using var writing = Client(gateway).PutVectors();
        await writing.RequestStream.WriteAsync(new PutVectorsRequest { BackboneFingerprint = FakeDownstreams.Fingerprint, Vectors = { read } });
        await writing.RequestStream.CompleteAsync();
        var deleted = await Client(gateway).DeleteVectorsAsync(new DeleteVectorsRequest { ImageHashes = { hashes } });

        Assert.Equal(hashes, missing.MissingImageHashes);
        Assert.Equal(hashes, read.Select(vector => vector.ImageHash));
        Assert.Equal(2, (await writing).Stored);
        Assert.Equal(2, deleted.Deleted);
    }

    [Fact]
    public async Task Vectors_that_the_service_refuses_end_the_stream_with_its_words()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var writing = Client(gateway).PutVectors();

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            for (var i = 0; i < 1_000; i++)
            {
                await writing.RequestStream.WriteAsync(new PutVectorsRequest { BackboneFingerprint = "other" });
            }

            await writing.RequestStream.CompleteAsync();
            await writing;
        });

        Assert.Equal((StatusCode.FailedPrecondition, "another backbone's"), (error.StatusCode, error.Status.Detail));
    }

    private static async Task<List<ExtractStreamResponse>> StreamAsync(RunningGateway gateway, IEnumerable<ExtractStreamRequest> items)
    {
        using var stream = Client(gateway).ExtractStream();
        var reading = stream.ResponseStream.ReadAllAsync().ToListAsync();
        foreach (var item in items)
        {
            await stream.RequestStream.WriteAsync(item);
        }

        await stream.RequestStream.CompleteAsync();
        return await reading;
    }

    private sealed class Replicas : IAsyncDisposable
    {
        private readonly List<Microsoft.AspNetCore.Builder.WebApplication> _apps = [];

        public List<FakeDownstreams> Fakes { get; } = [];

        public static async Task<Replicas> StartAsync(int count)
        {
            var replicas = new Replicas();
            for (var i = 0; i < count; i++)
            {
                replicas.Fakes.Add(new FakeDownstreams());
                replicas._apps.Add(await replicas.Fakes[i].StartAsync());
            }

            return replicas;
        }

        /// <summary>One that has found all of them; what they were asked until then does not count.</summary>
        public async Task<RunningGateway> GatewayAsync()
        {
            var gateway = await RunningGateway.StartAsync(("Services:Features", string.Join(',', _apps.Select(app => app.GrpcAddress()))));
            for (var i = 0; Fakes.Any(fake => fake.Asked == 0); i++)
            {
                await Client(gateway).ExtractAsync(new ExtractRequest { Image = ByteString.CopyFromUtf8($"hello {i}") });
            }

            foreach (var fake in Fakes)
            {
                fake.Vectors.Clear();
                (fake.Asked, fake.Extractions) = (0, 0);
            }

            return gateway;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var app in _apps)
            {
                await app.DisposeAsync();
            }
        }
    }
}
