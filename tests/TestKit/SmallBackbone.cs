using Google.Protobuf;
using Topfive.Backbones;
using Topfive.Backbones.Onnx;

namespace Topfive.TestKit;

/// <summary>
/// A backbone that costs next to nothing, for tests of everything around it: its vector says an image's mean red, green and blue,
/// over and over. It has the real one's sizes, and passes the check with the golden image.
/// </summary>
public static class SmallBackbone
{
    private const int Size = 299;
    private const int Channels = 3;
    private const int Dimensions = 2048;

    /// <param name="path">Of the file.</param>
    /// <param name="fingerprint">What its fingerprint consists of: another one makes another backbone.</param>
    /// <returns><paramref name="path"/>, with the model in it.</returns>
    public static string Write(string path, char fingerprint = '5')
    {
        var weights = new float[Channels * Dimensions];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = i % Channels == i / Dimensions ? 1 / 255f : 0;
        }

        var graph = new GraphBuilder("small");
        var pixels = graph.Input("pixels", Size, Size, Channels);
        var mean = graph.Node("ReduceMean", "mean", [pixels], GraphBuilder.Integers("axes", 1, 2), GraphBuilder.Integer("keepdims", 0));
        graph.Output(graph.Node("MatMul", "vector", [mean, graph.Constant("weights", weights, Channels, Dimensions)]), Dimensions);
        var file = new BackboneFile
        {
            Name = "small",
            Fingerprint = new string(fingerprint, 64),
            Dimensions = Dimensions,
            InputWidth = Size,
            InputHeight = Size,
            Preprocessing = "rgb; bilinear 299x299, half-pixel centres; [0,1]",
            Precision = "fp32",
            Source = "a test",
            ImporterVersion = BackboneImporter.Version,
            HeadLabels = [],
            GoldenVector = GoldenVector(weights),
        };
        File.WriteAllBytes(path, graph.Build(file.Metadata()).ToByteArray());
        return path;
    }

    private static float[] GoldenVector(float[] weights)
    {
        var sums = new double[Channels];
        foreach (var (i, value) in GoldenImage.Pixels().Index())
        {
            sums[i % Channels] += value;
        }

        return [.. Enumerable.Range(0, Dimensions).Select(j => (float)Enumerable.Range(0, Channels).Sum(channel => sums[channel] / (Size * Size) * weights[(channel * Dimensions) + j]))];
    }
}
