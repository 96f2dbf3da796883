using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>
/// A synthetic image that is the same everywhere, whose vector is kept in a backbone's file: whoever runs the backbone
/// compares before trusting it.
/// </summary>
public static class GoldenImage
{
    /// <returns>Float32 RGB, 0 to 255, [299, 299, 3]: slopes, discs, stripes and noise, drawn with integers only.</returns>
    public static float[] Pixels()
    {
        const int size = InceptionV3.Size;
        var pixels = new float[size * size * 3];
        var noise = 12345u;
        for (var y = 0; y < size; y++)
        {
            for (var x = 0; x < size; x++)
            {
                for (var channel = 0; channel < 3; channel++)
                {
                    noise = (noise * 1664525u) + 1013904223u;
                    var slope = channel == 0 ? x : channel == 1 ? y : size - ((x + y) / 2);
                    var fromCentre = Square(x - 90 - (channel * 50)) + Square(y - 150);
                    var disc = fromCentre < Square(60) ? 120 : 0;
                    var stripe = (x + (2 * y)) / 12 % 2 == 0 && y > 200 ? 70 : 0;
                    // Quarters: a resized photo's pixels are no integers either.
                    pixels[(((y * size) + x) * 3) + channel] = Math.Clamp((slope / 2) + disc + stripe + (int)(noise >> 27), 0, 254) + ((noise >> 25 & 3) / 4f);
                }
            }
        }

        return pixels;
    }

    /// <returns>What a backbone makes of <see cref="Pixels"/>; on one thread, so that the same machine always gives the same bits.</returns>
    internal static float[] Vector(ModelProto backbone)
    {
        using var options = RuntimeOptions.Create();
        options.IntraOpNumThreads = 1;
        using var session = new InferenceSession(backbone.ToByteArray(), options);
        using var input = Input(backbone.Graph.Input.Single().Type.TensorType.ElemType == (int)ElementType.UInt8);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private static OrtValue Input(bool bytes)
    {
        var pixels = Pixels();
        long[] shape = [1, InceptionV3.Size, InceptionV3.Size, 3];
        if (!bytes) return OrtValue.CreateTensorValueFromMemory(pixels, shape);
        var rounded = new byte[pixels.Length];
        PixelBytes.Round(pixels, rounded);
        return OrtValue.CreateTensorValueFromMemory(rounded, shape);
    }

    private static int Square(int value) => value * value;
}
