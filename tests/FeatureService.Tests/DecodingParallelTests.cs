using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Topfive.Features.V1;
using Topfive.ServiceDefaults;
using Topfive.TestKit;
using Xunit;

namespace Topfive.FeatureService.Tests;

public sealed class DecodingParallelTests : IDisposable
{
    private const int Images = 60;

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Images_are_decoded_on_all_cores_for_one_stream_as_for_many_calls(bool stream)
    {
        var photo = (await TestPhotos.AllAsync())[0].ReadBytes();
        await using var service = await ServiceInstance.StartAsync(new()
        {
            ["Store:DataDirectory"] = _directory.File("store"),
            ["Backbone:Model"] = SmallBackbone.Write(_directory.File("small.onnx")),
        });
        // Something behind a JPEG's end makes another image of the same picture.
        ByteString[] images = [.. Enumerable.Range(0, Images).Select(i => ByteString.CopyFrom([.. photo, (byte)i]))];

        await (stream ? StreamAsync(service.Client, images) : Task.WhenAll(images.Select(image => service.Client.ExtractAsync(new ExtractRequest { Image = image }).ResponseAsync)));

        // An image holds its share of the memory as long as it is decoded.
        var atATime = service.App.Services.GetRequiredService<ImageDecoder>().Memory.Peak / BytesOf(photo);
        Assert.InRange(atATime, Math.Min(4, Environment.ProcessorCount), Environment.ProcessorCount);
    }

    private static async Task StreamAsync(FeatureExtraction.FeatureExtractionClient client, ByteString[] images)
    {
        using var call = client.ExtractStream();
        var sending = Task.Run(async () =>
        {
            foreach (var image in images) await call.RequestStream.WriteAsync(new ExtractStreamRequest { Image = image });
            await call.RequestStream.CompleteAsync();
        });
        var answered = 0;
        await foreach (var response in call.ResponseStream.ReadAllAsync())
        {
            Assert.Equal(2048, response.Extracted.Vector.Count);
            answered++;
        }

        await sending;
        Assert.Equal(images.Length, answered);
    }

    private static long BytesOf(byte[] image)
    {
        using var opened = EncodedImage.Open(image, new LimitOptions());
        return opened.DecodingBytes(halvings: 0);
    }
}
