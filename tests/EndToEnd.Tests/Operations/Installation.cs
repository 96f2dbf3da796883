using Google.Protobuf;
using Grpc.Net.Client;
using SkiaSharp;
using Topfive.Cli;
using Topfive.Features.V1;
using Topfive.FeatureStore;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;
using Prediction = Topfive.Gateway.V1.Prediction;

namespace Topfive.EndToEnd.Tests;

/// <summary>The three services as an operator has them, on a store of his, and <c>topfive</c> as he uses it.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private readonly ServiceCluster _cluster;
    private readonly GrpcChannel _channel;

    private Installation(ServiceCluster cluster)
    {
        _cluster = cluster;
        _channel = GrpcChannel.ForAddress(cluster.Gateway);
    }

    public static async Task<Installation> StartAsync(string model, string store) => new(await ServiceCluster.StartAsync(model, [store]));

    /// <summary>Sixteen images of two labels that a look at the colour tells apart.</summary>
    public static string MakePhotos(string folder)
    {
        foreach (var (label, colour) in new[] { ("cat", SKColors.Orange), ("dog", SKColors.RoyalBlue) })
        {
            var photos = Directory.CreateDirectory(Path.Combine(folder, label)).FullName;
            for (byte i = 0; i < 8; i++) File.WriteAllBytes(Path.Combine(photos, $"{i}.png"), Photo(colour, i));
        }

        return folder;
    }

    public static byte[] Photo(SKColor colour, byte number)
    {
        using var bitmap = new SKBitmap(8, 8);
        bitmap.Erase(new SKColor((byte)(colour.Red - number), (byte)(colour.Green + number), colour.Blue));
        using var encoded = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return encoded.ToArray();
    }

    /// <summary>Runs a command to its end, which must be a good one.</summary>
    /// <returns>What it wrote.</returns>
    public async Task<string> TopfiveAsync(params string[] command)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var exitCode = await Topfive.Cli.Program.RunAsync([.. command, "--gateway", $"{_cluster.Gateway}"], Terminal.Plain(output, errors));
        Assert.True(exitCode == 0, $"topfive {string.Join(' ', command)} ended with {exitCode}: {errors}{output}");
        return output.ToString();
    }

    /// <summary>Of an image that the store has a vector of; the bytes are not sent.</summary>
    public async Task<PredictResponse> PredictStoredAsync(string photo) =>
        await new Prediction.PredictionClient(_channel).PredictAsync(new PredictRequest
        {
            Head = "pets",
            ImageHash = ByteString.CopyFrom(ImageHash.Of(await File.ReadAllBytesAsync(photo)).ToByteArray()),
        });

    public async Task<PredictResponse> PredictAsync(byte[] photo) =>
        await new Prediction.PredictionClient(_channel).PredictAsync(new PredictRequest { Head = "pets", Image = ByteString.CopyFrom(photo) });

    public async Task<string> FingerprintAsync() =>
        (await new FeatureExtraction.FeatureExtractionClient(_channel).GetBackboneAsync(new GetBackboneRequest())).Fingerprint;

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _cluster.DisposeAsync();
    }
}
