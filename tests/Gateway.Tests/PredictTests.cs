using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Xunit;

namespace Topfive.Gateway.Tests;

public sealed class PredictTests
{
    private static PredictRequest Pets(string image) => new() { Head = "pets", Image = ByteString.CopyFromUtf8(image) };

    [Fact]
    public async Task A_new_image_is_extracted_once_and_then_classified_from_the_store()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var first = await gateway.Predictions.PredictAsync(Pets("a photo"));
        var second = await gateway.Predictions.PredictAsync(Pets("a photo"));

        Assert.Equal(Source.Computed, first.Source);
        Assert.Equal(Source.Store, second.Source);
        Assert.Equal(1, gateway.Fake.Extractions);
        Assert.Equal(["cat"], second.Predictions.Select(prediction => prediction.Label));
        Assert.Equal(("pets", 3L, FakeDownstreams.Fingerprint), (second.Head, second.Version, second.BackboneFingerprint));
        Assert.Equal(ImageHash.Of("a photo"u8).ToByteArray(), second.ImageHash.ToByteArray());
    }

    [Fact]
    public async Task Nearest_examples_and_whether_it_is_unknown_are_answered_for_new_and_known_images_alone_and_in_a_stream()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = Pets("a photo");
        (request.NearestExamples, request.AnswerUnknown) = (2, true);

        var (computed, stored) = (await gateway.Predictions.PredictAsync(request), await gateway.Predictions.PredictAsync(request));
        using var stream = gateway.Predictions.PredictStream();
        await stream.RequestStream.WriteAsync(new PredictStreamRequest { Head = "pets", Image = request.Image, NearestExamples = 2, AnswerUnknown = true });
        await stream.RequestStream.CompleteAsync();
        var streamed = (await stream.ResponseStream.ReadAllAsync().SingleAsync()).Predicted;

        Assert.Equal((Source.Computed, Source.Store), (computed.Source, stored.Source));
        Assert.All([computed, stored, streamed], response => Assert.Equal(
            ("neighbour 0, neighbour 1", "digest", true),
            (string.Join(", ", response.Neighbors.Select(neighbor => neighbor.Label)), response.NeighborsDatasetDigest, response.NeighborsDatasetChanged)));
        Assert.All([computed, stored, streamed], response => Assert.True(response.Unknown.Unknown_));
        var plain = await gateway.Predictions.PredictAsync(Pets("a photo"));
        Assert.Empty(plain.Neighbors);
        Assert.Null(plain.Unknown);
    }

    [Fact]
    public async Task A_wrong_head_is_refused_before_anything_is_extracted()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () =>
            await gateway.Predictions.PredictAsync(new PredictRequest { Head = "cars", Image = ByteString.CopyFromUtf8("a photo") }));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
        Assert.Contains("cars", error.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, gateway.Fake.Extractions);
    }

    [Fact]
    public async Task A_hash_that_nobody_extracted_is_not_found()
    {
        await using var gateway = await RunningGateway.StartAsync();

        var error = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(
            new PredictRequest { Head = "pets", ImageHash = ByteString.CopyFrom(new byte[32]) }));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    [Theory]
    [InlineData(0, "neither image nor image_hash is set")]
    [InlineData(31, "image_hash has 31 bytes; a SHA-256 has 32")]
    public async Task A_request_without_a_usable_image_is_refused(int hashBytes, string message)
    {
        await using var gateway = await RunningGateway.StartAsync();
        var request = new PredictRequest { Head = "pets" };
        if (hashBytes > 0)
        {
            request.ImageHash = ByteString.CopyFrom(new byte[hashBytes]);
        }

        var error = await Assert.ThrowsAsync<RpcException>(async () => await gateway.Predictions.PredictAsync(request));

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        Assert.Contains(message, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_callers_deadline_reaches_the_feature_service()
    {
        await using var gateway = await RunningGateway.StartAsync();
        var deadline = DateTime.UtcNow.AddSeconds(20);

        await gateway.Predictions.PredictAsync(Pets("a photo"), deadline: deadline);

        Assert.True(gateway.Fake.Deadlines.TryDequeue(out var seen));
        Assert.InRange(seen, deadline.AddSeconds(-2), deadline.AddSeconds(2));
    }

    [Fact]
    public async Task A_cancelled_call_is_cancelled_downstream()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var cancellation = new CancellationTokenSource();

        var call = gateway.Predictions.PredictAsync(Pets("slow photo"), cancellationToken: cancellation.Token);
        while (gateway.Fake.Deadlines.IsEmpty)
        {
            await Task.Yield();
        }

        await cancellation.CancelAsync();

        await gateway.Fake.Cancelled.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await Assert.ThrowsAsync<RpcException>(async () => await call);
    }

    [Fact]
    public async Task A_stream_answers_in_completion_order_and_a_bad_image_fails_alone()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var stream = gateway.Predictions.PredictStream();
        foreach (var (id, image) in new[] { ("1", "slow"), ("2", "xbad"), ("3", "good") })
        {
            await stream.RequestStream.WriteAsync(new PredictStreamRequest { Id = id, Head = "pets", Image = ByteString.CopyFromUtf8(image) });
        }

        await stream.RequestStream.CompleteAsync();
        var answers = new List<PredictStreamResponse>();
        await foreach (var answer in stream.ResponseStream.ReadAllAsync())
        {
            answers.Add(answer);
            if (answers.Count == 2)
            {
                gateway.Fake.Slow.SetResult();
            }
        }

        Assert.Equal(["2", "3"], answers.Take(2).Select(answer => answer.Id).Order());
        Assert.Equal("1", answers[2].Id);
        Assert.Equal("cat", answers[2].Predicted.Predictions[0].Label);
        var bad = answers.Single(answer => answer.Id == "2").Error;
        Assert.Equal(((int)StatusCode.InvalidArgument, "not an image"), (bad.Code, bad.Message));
    }
}
