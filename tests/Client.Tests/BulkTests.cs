using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Xunit;

namespace Topfive.Client.Tests;

public sealed class BulkTests
{
    [Fact]
    public async Task The_bytes_of_missing_images_are_sent_and_of_the_others_the_hashes()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();
        foreach (var i in new[] { 1, 3, 5 }) gateway.Rules.Known[Hash(i)] = true;

        var results = await client.ExtractAsync(Images(6).ToAsyncEnumerable(), new BulkOptions { OmitVectors = true }).ToListAsync();

        Assert.Equal(["0", "1", "2", "3", "4", "5"], results.Select(result => result.Id).Order());
        Assert.Equal([0, 2, 4], Numbers(results.Where(result => result.Extracted.Source == Source.Computed)));
        var sent = gateway.Rules.Extracted.ToDictionary(request => request.Id);
        Assert.All(Enumerable.Range(0, 6), i => Assert.Equal(i % 2 == 0 ? Bytes(i) : Hash(i), i % 2 == 0 ? sent[$"{i}"].Image : sent[$"{i}"].ImageHash));
        Assert.All(sent.Values, request => Assert.True(request.OmitVector));
    }

    [Fact]
    public async Task An_image_that_fails_does_so_alone_and_under_its_id()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();
        BulkImage[] images =
        [
            BulkImage.FromBytes("good", "good"u8.ToArray()),
            BulkImage.FromBytes("broken", "bad"u8.ToArray()),
            BulkImage.FromHash("gone", ImageHash.Of("gone"u8), _ => throw new FileNotFoundException("there is no gone.png")),
            BulkImage.FromHash("by hash alone", ImageHash.Of("alone"u8)),
        ];

        var results = await client.ExtractAsync(images.ToAsyncEnumerable()).ToDictionaryAsync(result => result.Id);

        Assert.Equal(["broken", "by hash alone", "gone", "good"], results.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("the JPEG is truncated", results["broken"].Error.Message);
        Assert.Equal(((int)StatusCode.Unknown, "there is no gone.png"), (results["gone"].Error.Code, results["gone"].Error.Message));
        Assert.NotNull(results["good"].Extracted);
        Assert.Equal(ByteString.CopyFrom(ImageHash.Of("alone"u8).ToByteArray()), gateway.Rules.Extracted.Single(request => request.Id == "by hash alone").ImageHash);
    }

    [Fact]
    public async Task A_stream_that_breaks_off_is_opened_again_and_every_image_is_answered_once()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();
        gateway.Rules.BreakAfter = 7;

        var results = await client.ExtractAsync(Images(100).ToAsyncEnumerable(), new BulkOptions { InFlight = 16 }).ToListAsync();

        Assert.Equal(Enumerable.Range(0, 100), Numbers(results));
        Assert.True(gateway.Rules.Streams > 100 / 7, $"only {gateway.Rules.Streams} streams");
    }

    [Fact]
    public async Task Images_of_one_id_are_told_apart_when_they_are_sent_again()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();
        gateway.Rules.BreakAfter = 3;

        var results = await client.IngestAsync(Labeled(20, _ => "same").ToAsyncEnumerable()).ToListAsync();

        Assert.Equal(Enumerable.Repeat("same", 20), results.Select(result => result.Id));
        Assert.Equal(20, gateway.Rules.Ingested.Select(image => image.Image).Distinct().Count());
    }

    [Fact]
    public async Task A_stream_that_makes_no_progress_ends_with_what_broke_it()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect(options => options.MaxAttempts = 3);
        gateway.Rules.BreakAfter = 0;

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await client.IngestAsync(Labeled(5).ToAsyncEnumerable()).ToListAsync());

        Assert.True(failure is { StatusCode: StatusCode.Unavailable, Status.Detail: "going down" }, failure.Status.ToString());
        Assert.Equal(3, gateway.Rules.Streams);
    }

    [Fact]
    public async Task No_more_is_read_than_may_be_under_way()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        var read = 0;
        var ingesting = client.IngestAsync(Counted(Labeled(500)), new BulkOptions { InFlight = 8 }).ToListAsync().AsTask();
        await Eventually.IsTrueAsync(() => gateway.Rules.Ingested.Count == 8, "eight images are sent");

        Assert.Equal(8, read);
        gateway.Rules.Answers.SetResult();
        Assert.Equal(500, (await ingesting).Count);

        async IAsyncEnumerable<LabeledImage> Counted(IEnumerable<LabeledImage> images)
        {
            foreach (var image in images)
            {
                Interlocked.Increment(ref read);
                yield return image;
                // It is at most as far ahead as answers have come.
                Assert.InRange(read, 0, gateway.Rules.Answered + 8);
                await Task.Yield();
            }
        }
    }

    [Fact]
    public async Task A_slow_source_is_not_waited_for_until_a_batch_is_full()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();
        var next = new SemaphoreSlim(1);

        await foreach (var result in client.ExtractAsync(Slowly()))
        {
            Assert.NotNull(result.Extracted);
            next.Release();
        }

        Assert.Equal(4, gateway.Rules.Extracted.Count);

        async IAsyncEnumerable<BulkImage> Slowly()
        {
            foreach (var image in Images(4))
            {
                Assert.True(await next.WaitAsync(TimeSpan.FromMinutes(1)), "the image before has no result");
                yield return image;
            }
        }
    }

    [Fact]
    public async Task Cancelling_ends_the_call_here_and_there()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = gateway.Connect();
        using var cancellation = new CancellationTokenSource();
        var extracting = client.ExtractAsync(Images(50).ToAsyncEnumerable(), cancellationToken: cancellation.Token).ToListAsync().AsTask();
        await Eventually.IsTrueAsync(() => gateway.Rules.Extracted.Count == 50, "everything is sent");

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => extracting);
        await gateway.Rules.Gone.Task.WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Leaving_the_loop_ends_the_call()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();

        await foreach (var _ in client.ExtractAsync(Endless()))
        {
            break;
        }

        await gateway.Rules.Gone.Task.WaitAsync(TimeSpan.FromMinutes(1));

        static async IAsyncEnumerable<BulkImage> Endless()
        {
            for (var i = 0; ; i++)
            {
                await Task.Yield();
                yield return BulkImage.FromBytes($"{i}", Encoding.UTF8.GetBytes($"image {i}"));
            }
        }
    }

    [Fact]
    public async Task What_the_source_fails_with_is_thrown()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();

        var extracting = await Assert.ThrowsAsync<InvalidDataException>(async () => await client.ExtractAsync(Failing(Images(3))).ToListAsync());
        await Assert.ThrowsAsync<InvalidDataException>(async () => await client.IngestAsync(Failing(Labeled(3))).ToListAsync());

        Assert.Equal("the disk burns", extracting.Message);

        static async IAsyncEnumerable<T> Failing<T>(IEnumerable<T> items)
        {
            foreach (var item in items) yield return item;
            await Task.Yield();
            throw new InvalidDataException("the disk burns");
        }
    }

    [Fact]
    public async Task Nothing_to_do_is_done_at_once()
    {
        await using var gateway = await AnsweringAsync();
        using var client = gateway.Connect();

        Assert.Empty(await client.ExtractAsync(AsyncEnumerable.Empty<BulkImage>()).ToListAsync());
        Assert.Throws<ArgumentOutOfRangeException>(() => client.ExtractAsync(AsyncEnumerable.Empty<BulkImage>(), new BulkOptions { InFlight = 0 }));
    }

    private static async Task<FakeGateway> AnsweringAsync()
    {
        var gateway = await FakeGateway.StartAsync();
        gateway.Rules.Answers.SetResult();
        return gateway;
    }

    private static IEnumerable<int> Numbers(IEnumerable<ExtractStreamResponse> results) => results.Select(result => int.Parse(result.Id)).Order();

    private static IEnumerable<BulkImage> Images(int count) =>
        Enumerable.Range(0, count).Select(i => BulkImage.FromBytes($"{i}", Bytes(i).ToByteArray()));

    private static IEnumerable<LabeledImage> Labeled(int count, Func<int, string>? id = null) =>
        Enumerable.Range(0, count).Select(i => new LabeledImage { Id = id?.Invoke(i) ?? $"{i}", Image = Bytes(i) });

    private static ByteString Bytes(int i) => ByteString.CopyFromUtf8($"image {i}");

    private static ByteString Hash(int i) => ByteString.CopyFrom(ImageHash.Of(Bytes(i).Span).ToByteArray());
}
