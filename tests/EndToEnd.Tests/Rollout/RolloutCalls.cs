using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>Every kind of call that is to survive an update, each with images that nobody has seen; what is answered is looked at.</summary>
internal sealed class RolloutCalls(ChannelBase channel)
{
    private const string Head = "small";
    private const int StreamLength = 20;
    private const int MostStreams = 5;

    private static readonly byte[] Png = AnyPng();
    private static readonly FloatVector AnyVector = new() { Values = { Enumerable.Repeat(0.5f, 2048) } };

    private int _images;

    private FeatureExtraction.FeatureExtractionClient Features => new(channel);

    private Prediction.PredictionClient Predictions => new(channel);

    private Classification.ClassificationClient Classifications => new(channel);

    public async Task ImportHeadAsync()
    {
        var layer = new DenseLayer(2048, 2, new float[2048 * 2], new float[2], DenseActivation.Softmax);
        var model = HeadModel.Write(new DenseHead(["cat", "dog"], (await Features.GetBackboneAsync(new GetBackboneRequest())).Fingerprint, [layer]));
        using var import = new Heads.HeadsClient(channel).ImportHead();
        await import.RequestStream.WriteAsync(new ImportHeadRequest { Head = Head, Promote = true, Data = ByteString.CopyFrom(model) });
        await import.RequestStream.CompleteAsync();
        await import;
    }

    public async Task ExtractAsync() =>
        Assert.Equal(2048, (await Features.ExtractAsync(new ExtractRequest { Image = NewImage() })).Vector.Count);

    public async Task PredictAsync() =>
        Assert.Equal(2, (await Predictions.PredictAsync(new PredictRequest { Head = Head, Image = NewImage() })).Predictions.Count);

    public async Task ClassifyAsync() =>
        Assert.Equal(2, (await Classifications.ClassifyAsync(new ClassifyRequest { Head = Head, Vector = AnyVector })).Predictions.Count);

    public Task ExtractStreamAsync() => StreamAsync(
        () => Features.ExtractStream(), id => new ExtractStreamRequest { Id = id, Image = NewImage() }, result => (result.Id, $"{result.Error}"));

    public Task PredictStreamAsync() => StreamAsync(
        () => Predictions.PredictStream(), id => new PredictStreamRequest { Id = id, Head = Head, Image = NewImage() }, result => (result.Id, $"{result.Error}"));

    public Task ClassifyStreamAsync() => StreamAsync(
        () => Classifications.ClassifyStream(), id => new ClassifyStreamRequest { Id = id, Request = new ClassifyRequest { Head = Head, Vector = AnyVector } }, result => (result.Id, $"{result.Error}"));

    public Task IngestAsync() => StreamAsync(
        () => new Ingestion.IngestionClient(channel).Ingest(), id => new LabeledImage { Id = id, Dataset = "pets", Label = "cat", Image = NewImage() }, result => (result.Id, $"{result.Error}"));

    /// <summary>As callers are told to: what a stream that was ended has not answered is sent again, in a new one.</summary>
    private static async Task StreamAsync<TRequest, TResponse>(
        Func<AsyncDuplexStreamingCall<TRequest, TResponse>> open, Func<string, TRequest> item, Func<TResponse, (string Id, string Error)> read)
    {
        var left = Enumerable.Range(0, StreamLength).Select(i => $"{i}").ToHashSet();
        for (var streams = 1; left.Count > 0; streams++)
        {
            using var stream = open();
            var sending = SendAsync(stream.RequestStream, left.Select(item).ToList());
            try
            {
                await foreach (var (id, error) in stream.ResponseStream.ReadAllAsync().Select(read))
                {
                    Assert.Equal("", error);
                    Assert.True(left.Remove(id), $"item {id} was answered twice");
                }

                await sending;
            }
            catch (RpcException end) when (end.StatusCode == StatusCode.Unavailable && streams < MostStreams)
            {
                await sending.ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }

    private static async Task SendAsync<T>(IClientStreamWriter<T> requests, List<T> items)
    {
        foreach (var item in items) await requests.WriteAsync(item);
        await requests.CompleteAsync();
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
