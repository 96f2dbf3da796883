using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.ML.OnnxRuntime;
using SkiaSharp;
using Topfive.Features.V1;
using Topfive.Gateway.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Cli.Tests;

/// <summary>What <c>topfive export --head</c> writes, run by ONNX Runtime, says what the services say.</summary>
[Collection(typeof(SharedTopfive))]
public sealed class HeadExportTests(RunningTopfive topfive) : IDisposable
{
    private const string Head = "inception_v3";
    private const int Size = 299;

    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_head_alone_gives_a_vector_the_probabilities_that_predict_gives()
    {
        var photo = (await TestPhotos.AllAsync())[6].ReadBytes();
        using var channel = GrpcChannel.ForAddress(topfive.Process.GatewayAddress);
        var extracted = await new FeatureExtraction.FeatureExtractionClient(channel).ExtractAsync(new ExtractRequest { Image = ByteString.CopyFrom(photo) });

        await topfive.SucceedAsync("export", "--head", Head, "--out", _folder.File("head.onnx"));

        await AssertServedAsync(channel, photo, Run(_folder.File("head.onnx"), "vector", extracted.Vector.ToArray(), 1, 2048));
    }

    [Fact]
    public async Task The_fused_model_gives_a_photos_pixels_the_probabilities_that_predict_gives()
    {
        var photo = (await TestPhotos.AllAsync())[6].ReadBytes();
        using var channel = GrpcChannel.ForAddress(topfive.Process.GatewayAddress);

        await topfive.SucceedAsync("export", "--head", Head, "--fused", "--backbone", await TestBackbone.ModelAsync(), "--out", _folder.File("fused.onnx"));

        await AssertServedAsync(channel, photo, Run(_folder.File("fused.onnx"), "pixels", Pixels(photo), 1, Size, Size, 3));
    }

    private static async Task AssertServedAsync(GrpcChannel channel, byte[] photo, float[] probabilities)
    {
        var client = new Gateway.V1.Prediction.PredictionClient(channel);
        var served = await client.PredictAsync(new PredictRequest { Head = Head, Image = ByteString.CopyFrom(photo), TopK = 5 });
        Assert.Equal(probabilities.Length, served.Predictions.Count);
        Assert.All(served.Predictions, prediction => Assert.Equal(prediction.Probability, probabilities[prediction.Index], 1e-5));
        // Five equal numbers would prove nothing.
        Assert.True(probabilities.Max() > 2 * probabilities.Min());
    }

    private static float[] Run(string model, string name, float[] values, params long[] shape)
    {
        using var session = new InferenceSession(model);
        using var input = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [name], [input], ["probabilities"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    /// <summary>As the model's metadata says: RGB, bilinear to 299×299, half-pixel centres. What a program without these services has to do.</summary>
    private static float[] Pixels(byte[] photo)
    {
        using var bitmap = SKBitmap.Decode(photo);
        var pixels = new float[Size * Size * 3];
        for (var y = 0; y < Size; y++)
        {
            var (top, bottom, down) = Between(y, bitmap.Height);
            for (var x = 0; x < Size; x++)
            {
                var (left, right, along) = Between(x, bitmap.Width);
                for (var channel = 0; channel < 3; channel++)
                {
                    var above = Mix(Value(left, top, channel), Value(right, top, channel), along);
                    var below = Mix(Value(left, bottom, channel), Value(right, bottom, channel), along);
                    pixels[(((y * Size) + x) * 3) + channel] = (float)Mix(above, below, down);
                }
            }
        }

        return pixels;

        double Value(int x, int y, int channel)
        {
            var colour = bitmap.GetPixel(x, y);
            return channel switch { 0 => colour.Red, 1 => colour.Green, _ => colour.Blue };
        }
    }

    private static (int First, int Second, double Part) Between(int place, int length)
    {
        var at = Math.Clamp(((place + 0.5) * length / Size) - 0.5, 0, length - 1);
        return ((int)at, Math.Min((int)at + 1, length - 1), at - (int)at);
    }

    private static double Mix(double a, double b, double part) => a + ((b - a) * part);
}
