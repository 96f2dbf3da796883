using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

/// <summary>One folded convolution gives what ONNX Runtime's own convolution and batch norm give one after the other.</summary>
public class FoldingTests
{
    private const int Filters = 4, Height = 3, Width = 5, Size = 9;

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, true)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    public void A_folded_convolution_is_convolution_then_batch_norm(bool gamma, bool beta, bool bias)
    {
        var random = new Random(5);
        var convolution = new Convolution("conv", new InputImage(), Filters, Height, Width, stride: 1, padded: true);
        var kernel = SomeHead.Numbers(random, Height * Width * 3 * Filters);
        var ownBias = bias ? SomeHead.Numbers(random, Filters) : new float[Filters];
        var scale = gamma ? SomeHead.Numbers(random, Filters) : [1, 1, 1, 1];
        var shift = beta ? SomeHead.Numbers(random, Filters) : new float[Filters];
        var mean = SomeHead.Numbers(random, Filters);
        var variance = Array.ConvertAll(SomeHead.Numbers(random, Filters), value => Math.Abs(value) + 0.01f);

        var folded = FoldedConvolution.Fold(convolution, Doubles(kernel), bias ? Doubles(ownBias) : null, new BatchNorm(
            gamma ? Doubles(scale) : null, beta ? Doubles(shift) : null, Doubles(mean), Doubles(variance), Epsilon: 0.002));

        var graph = new GraphBuilder("fold");
        graph.Input("image", 3, Size, Size);
        var attributes = new[] { GraphBuilder.Integers("kernel_shape", Height, Width), GraphBuilder.Integers("pads", 1, 2, 1, 2) };
        var sums = graph.Node("Conv", "sums", ["image", graph.Constant("w", FiltersFirst(kernel), Filters, 3, Height, Width), graph.Constant("b", ownBias, Filters)], attributes);
        graph.Node(
            "BatchNormalization", "expected",
            [sums, graph.Constant("scale", scale, Filters), graph.Constant("shift", shift, Filters), graph.Constant("mean", mean, Filters), graph.Constant("variance", variance, Filters)],
            new AttributeProto { Name = "epsilon", F = 0.002f, Type = 1 });
        graph.Node("Conv", "actual", ["image", graph.Constant("fw", folded.Weights, Filters, 3, Height, Width), graph.Constant("fb", folded.Bias, Filters)], attributes);
        graph.Output("expected", Filters, Size, Size);
        graph.Output("actual", Filters, Size, Size);

        // Without its optimiser, which would fold too.
        using var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL };
        using var session = new InferenceSession(graph.Build([]).ToByteArray(), options);
        var image = new DenseTensor<float>(SomeHead.Numbers(random, 3 * Size * Size), [1, 3, Size, Size]);
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("image", image)], ["expected", "actual"]);
        Parity.AssertClose(results[0].AsEnumerable<float>().ToArray(), results[1].AsEnumerable<float>().ToArray(), 1e-6);
    }

    // [height, width, channels, filters] to [filters, channels, height, width].
    private static float[] FiltersFirst(float[] kernel)
    {
        var turned = new List<float>(kernel.Length);
        for (var filter = 0; filter < Filters; filter++)
        {
            for (var channel = 0; channel < 3; channel++)
            {
                for (var place = 0; place < Height * Width; place++) turned.Add(kernel[(((place * 3) + channel) * Filters) + filter]);
            }
        }

        return [.. turned];
    }

    private static double[] Doubles(float[] values) => Array.ConvertAll(values, value => (double)value);
}
