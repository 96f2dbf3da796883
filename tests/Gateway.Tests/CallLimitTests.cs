using System.Diagnostics;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Gateway.V1;
using Xunit;

namespace Topfive.Gateway.Tests;

/// <summary>How much a key may ask for.</summary>
public sealed class CallLimitTests
{
    private static readonly PredictRequest Photo = new() { Head = "pets", Image = ByteString.CopyFromUtf8("photo") };

    [Fact]
    public async Task Calls_over_the_rate_are_refused_with_when_to_try_again_and_other_keys_are_not()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings(("RequestsPerSecond", "1"), ("Burst", "3")));

        var calls = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => StatusAsync(() => gateway.Predictions.PredictAsync(Photo, SomeKeys.Header("predict")).ResponseAsync)));
        var others = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => StatusAsync(() => gateway.Predictions.PredictAsync(Photo, SomeKeys.Header("admin")).ResponseAsync)));

        var refused = calls.OfType<RpcException>().ToList();
        Assert.InRange(calls.Length - refused.Count, 3, 10);
        Assert.All(refused, refusal =>
        {
            Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
            Assert.Contains("'predict' has used up its 1 requests a second", refusal.Status.Detail, StringComparison.Ordinal);
            Assert.InRange(refusal.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan(), TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1.1));
        });
        Assert.All(others, Assert.Null);
    }

    [Fact]
    public async Task A_stream_over_the_rate_is_read_more_slowly_and_not_refused_own_or_forwarded()
    {
        await using var gateway = await RunningGateway.StartAsync([
            .. SomeKeys.Settings(),
            ("Security:ApiKeys:1:RequestsPerSecond", "20"), ("Security:ApiKeys:1:Burst", "1")]);

        var began = Stopwatch.StartNew();
        using (var forwarded = new Datasets.DatasetsClient(gateway.Channel).AddExamples(SomeKeys.Header("ingest")))
        {
            for (var i = 0; i < 21; i++) await forwarded.RequestStream.WriteAsync(new Example { Dataset = "dogs" });
            await forwarded.RequestStream.CompleteAsync();
            Assert.Equal(21, (await forwarded).Added);
        }

        // The first came with the call, and twenty wait for a twentieth of a second each.
        Assert.InRange(began.Elapsed.TotalSeconds, 0.8, 20);
        await Task.Delay(500);
        began.Restart();
        using var own = gateway.Ingestions.Ingest(SomeKeys.Header("ingest"));
        for (var i = 0; i < 11; i++) await own.RequestStream.WriteAsync(new LabeledImage { Id = $"{i}", Dataset = "dogs", Label = "pug", Image = ByteString.CopyFromUtf8($"{i}") });
        await own.RequestStream.CompleteAsync();
        var answers = await own.ResponseStream.ReadAllAsync().ToListAsync();

        Assert.All(answers, answer => Assert.Equal(IngestResult.ResultOneofCase.Ingested, answer.ResultCase));
        Assert.Equal(11, answers.Count);
        Assert.InRange(began.Elapsed.TotalSeconds, 0.4, 20);
    }

    [Fact]
    public async Task More_calls_at_a_time_than_allowed_are_refused_until_one_has_ended()
    {
        await using var gateway = await RunningGateway.StartAsync(SomeKeys.Settings(("ConcurrentCalls", "2")));
        using var stream = gateway.Predictions.PredictStream(SomeKeys.Header("predict"));
        await stream.RequestStream.WriteAsync(new PredictStreamRequest { Id = "1", Head = "pets", Image = Photo.Image });
        Assert.True(await stream.ResponseStream.MoveNext(CancellationToken.None));
        var slow = gateway.Predictions.PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFromUtf8("slow") }, SomeKeys.Header("predict"));
        while (gateway.Fake.Asked < 2) await Task.Delay(5);

        var refusal = await StatusAsync(() => gateway.Predictions.PredictAsync(Photo, SomeKeys.Header("predict")).ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, refusal?.StatusCode);
        Assert.Contains("'predict' has 2 calls under way", refusal!.Status.Detail, StringComparison.Ordinal);
        Assert.NotNull(refusal.GetRpcStatus()!.GetDetail<RetryInfo>());

        gateway.Fake.Slow.SetResult();
        await slow;
        await stream.RequestStream.CompleteAsync();
        Assert.False(await stream.ResponseStream.MoveNext(CancellationToken.None));
        RpcException? last;
        var patience = Stopwatch.StartNew();
        // The Gateway's end of a call comes a moment after its caller's.
        while ((last = await StatusAsync(() => gateway.Predictions.PredictAsync(Photo, SomeKeys.Header("predict")).ResponseAsync)) is not null && patience.Elapsed < TimeSpan.FromSeconds(10)) await Task.Delay(10);
        Assert.Null(last);
    }

    [Fact]
    public void Messages_are_counted_wherever_the_network_cuts_them()
    {
        byte[] two = [0, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0];
        for (var size = 1; size <= two.Length; size++)
        {
            using var body = new MeteredBody(Stream.Null, _ => ValueTask.CompletedTask);
            Assert.Equal(2, two.Chunk(size).Sum(part => body.MessagesBegunIn(part)));
        }
    }

    /// <returns>Null: it was answered.</returns>
    private static async Task<RpcException?> StatusAsync(Func<Task<PredictResponse>> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (RpcException exception)
        {
            return exception;
        }
    }
}
