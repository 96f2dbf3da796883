using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones.Tests;

/// <summary>Inception in small: 8×8 pixels, a branch with a pooling and a branch without, joined, pooled, averaged.</summary>
internal static class SmallGraph
{
    public const int Size = 8;

    public static CanonicalGraph Create() => new(Model(), "small.onnx");

    public static ModelProto Model()
    {
        var graph = new GraphBuilder("small");
        var random = new Random(1);
        var planes = graph.Node("Transpose", "planes", [graph.Input("pixels", Size, Size, 3)], GraphBuilder.Integers("perm", 0, 3, 1, 2));
        var image = graph.Node("Div", "scaled", [planes, graph.Constant("divisor", [255f])]);
        var first = Convolve("first", image, 3, 8, 3, 1);
        var plain = Convolve("plain", first, 8, 8, 1, 0);
        var mean = graph.Node("AveragePool", "mean", [first], GraphBuilder.Integers("kernel_shape", 3, 3), GraphBuilder.Integers("pads", 1, 1, 1, 1));
        var averaged = Convolve("averaged", mean, 8, 4, 1, 0);
        var joined = graph.Node("Concat", "joined", [plain, averaged], GraphBuilder.Integer("axis", 1));
        var greatest = graph.Node("MaxPool", "greatest", [joined], GraphBuilder.Integers("kernel_shape", 3, 3), GraphBuilder.Integers("strides", 2, 2));
        var pooled = graph.Node("GlobalAveragePool", "pooled", [Convolve("last", greatest, 12, 16, 1, 0)]);
        graph.Output(graph.Node("Flatten", "vector", [pooled]), 16);
        return graph.Build([]);

        string Convolve(string name, string input, int channels, int filters, int side, int pad)
        {
            float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.4f)];
            var sums = graph.Node(
                "Conv", name,
                [input, graph.Constant($"{name}/weights", Numbers(filters * channels * side * side), filters, channels, side, side), graph.Constant($"{name}/bias", Numbers(filters), filters)],
                GraphBuilder.Integers("kernel_shape", side, side), GraphBuilder.Integers("pads", pad, pad, pad, pad), GraphBuilder.Integers("strides", 1, 1));
            return graph.Node("Relu", $"{name}/relu", [sums]);
        }
    }

    public static float[][] Images(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Size * Size * 3).Select(_ => (float)random.Next(256)).ToArray())];
    }

    public static float[] Vector(ModelProto model, float[] pixels)
    {
        using var session = new Microsoft.ML.OnnxRuntime.InferenceSession(model.ToByteArray());
        using var input = Microsoft.ML.OnnxRuntime.OrtValue.CreateTensorValueFromMemory(pixels, [1, Size, Size, 3]);
        using var run = new Microsoft.ML.OnnxRuntime.RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
