using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Topfive.Features.V1;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class ExtractStreamTests(RunningService service)
{
    [Fact]
    public async Task Hits_misses_copies_and_bad_items_each_get_their_own_result()
    {
        var (known, renewed, copied) = (Some.NewImage(), Some.NewImage(), Some.NewImage());
        var computed = await service.Client.ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(known) });

        var results = await service.Client.StreamAsync(
        [
            Item("hit", known),
            new() { Id = "by hash", ImageHash = Some.Hash(known) },
            Item("miss", renewed),
            .. Enumerable.Range(0, 5).Select(i => Item($"copy {i}", copied)),
            new() { Id = "without vector", Image = ByteString.CopyFrom(Some.NewImage()), OmitVector = true },
            Item("text", "this is no image"u8.ToArray()),
            Item("cut short", known[..^40]),
            new() { Id = "unknown hash", ImageHash = ByteString.CopyFrom(new byte[32]) },
            new() { Id = "short hash", ImageHash = ByteString.CopyFrom(new byte[31]) },
            new() { Id = "nothing" },
            new() { Id = "augmented", Image = ByteString.CopyFrom(known), Augmentation = new Augmentation { Zoom = 2 } },
        ]);

        Assert.Equal(15, results.Count);
        Assert.Equal([Source.Store, Source.Store, Source.Computed], new[] { "hit", "by hash", "miss" }.Select(id => results[id].Extracted.Source));
        Assert.Equal(computed.Vector, results["hit"].Extracted.Vector);
        Assert.Equal(computed.Vector, results["by hash"].Extracted.Vector);
        Assert.Equal(Some.Hash(renewed), results["miss"].Extracted.ImageHash);
        Assert.Single(Enumerable.Range(0, 5), i => results[$"copy {i}"].Extracted.Source == Source.Computed);
        Assert.Empty(results["without vector"].Extracted.Vector);
        Assert.Equal((Code.InvalidArgument, "text"), ErrorOf("text"));
        Assert.Equal((Code.InvalidArgument, "cut short"), ErrorOf("cut short"));
        Assert.Equal((Code.NotFound, "send the image itself"), ErrorOf("unknown hash", "send the image itself"));
        Assert.Equal((Code.InvalidArgument, "31 bytes"), ErrorOf("short hash", "31 bytes"));
        Assert.Equal((Code.InvalidArgument, "neither image nor image_hash"), ErrorOf("nothing", "neither image nor image_hash"));
        Assert.Equal((Code.InvalidArgument, "augmentation.zoom is 2"), ErrorOf("augmented", "augmentation.zoom is 2"));

        (Code Code, string Message) ErrorOf(string id, string? part = null)
        {
            Assert.Contains(part ?? id, results[id].Error.Message, StringComparison.Ordinal);
            return ((Code)results[id].Error.Code, part ?? id);
        }
    }

    [Fact]
    public async Task Two_streams_of_the_same_new_images_compute_each_of_them_once()
    {
        ExtractStreamRequest[] items = [.. Enumerable.Range(0, 10).Select(i => Item($"{i}", Some.NewImage()))];

        var both = await Task.WhenAll(service.Client.StreamAsync(items), service.Client.StreamAsync(items));

        Assert.Equal(10, both.Sum(results => results.Values.Count(result => result.Extracted.Source == Source.Computed)));
        Assert.All(items, item => Assert.Equal(both[0][item.Id].Extracted.Vector, both[1][item.Id].Extracted.Vector));
    }

    internal static ExtractStreamRequest Item(string id, byte[] image) => new() { Id = id, Image = ByteString.CopyFrom(image) };
}

internal static class StreamingClient
{
    public static async Task<Dictionary<string, ExtractStreamResponse>> StreamAsync(
        this FeatureExtraction.FeatureExtractionClient client, IReadOnlyList<ExtractStreamRequest> items)
    {
        using var call = client.ExtractStream();
        var sending = Task.Run(async () =>
        {
            foreach (var item in items)
            {
                await call.RequestStream.WriteAsync(item);
            }

            await call.RequestStream.CompleteAsync();
        });
        var results = new Dictionary<string, ExtractStreamResponse>();
        await foreach (var result in call.ResponseStream.ReadAllAsync())
        {
            results.Add(result.Id, result);
        }

        await sending;
        return results;
    }
}
