using System.Numerics.Tensors;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

public class QuantizedGraphTests
{
    [Fact]
    public void Every_convolution_reads_bytes_has_int8_weights_and_a_bias_in_the_scale_of_their_products()
    {
        var graph = Quantize().Graph;

        var convolutions = graph.Node.Where(node => node.OpType == "Conv").ToArray();
        Assert.Equal(["first", "plain", "averaged", "last"], convolutions.Select(node => node.Name));
        foreach (var convolution in convolutions)
        {
            Assert.All(convolution.Input, input => Assert.Equal("DequantizeLinear", Producer(graph, input).OpType));
            Assert.Equal("QuantizeLinear", graph.Node.Single(node => node.Input.Contains(convolution.Output[0])).OpType);
            var (input, weights, bias) = (Producer(graph, convolution.Input[0]), Producer(graph, convolution.Input[1]), Producer(graph, convolution.Input[2]));
            Assert.Equal((int)ElementType.Int8, Constant(graph, weights.Input[0]).DataType);
            Assert.Equal((int)ElementType.Int32, Constant(graph, bias.Input[0]).DataType);
            var activation = Numbers(graph, input.Input[1])[0];
            Assert.Equal(Numbers(graph, weights.Input[1]).Select(scale => scale * activation), Numbers(graph, bias.Input[1]));
        }
    }

    [Fact]
    public void No_relu_is_left_and_bytes_behind_one_begin_at_0()
    {
        var graph = Quantize().Graph;

        Assert.DoesNotContain(graph.Node, node => node.OpType == "Relu");
        Assert.All(["first/relu", "plain/relu", "averaged/relu", "last/relu"], tensor => Assert.Equal(0, Constant(graph, $"{tensor}/zero").RawData[0]));
    }

    [Fact]
    public void Parts_of_a_concatenation_and_what_is_pooled_keep_their_scale()
    {
        var graph = Quantize().Graph;

        var scale = Numbers(graph, "joined/scale")[0];
        Assert.All(["plain/relu", "averaged/relu", "greatest"], tensor => Assert.Equal(scale, Numbers(graph, $"{tensor}/scale")[0]));
        Assert.NotEqual(scale, Numbers(graph, "last/relu/scale")[0]);
    }

    [Fact]
    public void A_byte_of_the_image_is_a_byte_of_a_pixel_whatever_the_calibration_saw()
    {
        var graph = Quantize(SmallGraph.Images(2, 1).Select(image => Array.ConvertAll(image, pixel => pixel / 10))).Graph;

        Assert.Equal(1 / 255f, Numbers(graph, "scaled/scale")[0], 1e-9f);
    }

    [Fact]
    public void A_mean_before_a_pointwise_convolution_moves_behind_it_and_the_vector_stays()
    {
        var graph = SmallGraph.Create();
        var image = SmallGraph.Images(1, 3)[0];
        var before = SmallGraph.Vector(graph.Model, image);

        EquivalentRewrites.AverageAfterPointwise(graph);

        Assert.Equal("averaged", graph.Producer("mean")!.Input[0]);
        Parity.AssertClose(before, SmallGraph.Vector(graph.Model, image), 1e-5);
    }

    [Fact]
    public void Vectors_of_images_that_were_not_in_the_calibration_stay_near()
    {
        var quantized = Quantize();
        var source = SmallGraph.Model();

        foreach (var image in SmallGraph.Images(10, 2))
        {
            Assert.InRange(TensorPrimitives.CosineSimilarity<float>(SmallGraph.Vector(source, image), SmallGraph.Vector(quantized, image)), 0.999f, 1.0001f);
        }
    }

    [Fact]
    public void No_images_and_a_node_that_the_importer_does_not_write_are_refused()
    {
        Assert.Contains("no images", Assert.Throws<InvalidDataException>(() => Quantize([])).Message);

        var other = SmallGraph.Model();
        other.Graph.Node[^1].OpType = "Softmax";
        var failure = Assert.Throws<InvalidDataException>(() => new CanonicalGraph(other, "other.onnx"));
        Assert.Contains("other.onnx", failure.Message);
        Assert.Contains("vector (Softmax)", failure.Message);
    }

    private static ModelProto Quantize(IEnumerable<float[]>? images = null)
    {
        var graph = SmallGraph.Create();
        EquivalentRewrites.AverageAfterPointwise(graph);
        return QuantizedGraph.Write(graph, Calibration.Run(graph, images ?? SmallGraph.Images(20, 1), CancellationToken.None));
    }

    private static NodeProto Producer(GraphProto graph, string tensor) => graph.Node.Single(node => node.Output[0] == tensor);

    private static TensorProto Constant(GraphProto graph, string name) => graph.Initializer.Single(tensor => tensor.Name == name);

    private static float[] Numbers(GraphProto graph, string name) => CanonicalGraph.Values(Constant(graph, name)).ToArray();
}
