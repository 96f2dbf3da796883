using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

public class HeadModelTests
{
    [Fact]
    public void A_head_reads_back_as_it_was_written()
    {
        var head = SomeHead.Create(12, 7, 5, 3);

        var read = HeadModel.Read(HeadModel.Write(head));

        Assert.Equal(head.Labels, read.Labels);
        Assert.Equal(head.BackboneFingerprint, read.BackboneFingerprint);
        Assert.Equal(head.Layers.Length, read.Layers.Length);
        foreach (var (written, layer) in head.Layers.Zip(read.Layers))
        {
            Assert.Equal((written.Inputs, written.Units, written.Activation), (layer.Inputs, layer.Units, layer.Activation));
            Assert.Equal(written.Weights, layer.Weights);
            Assert.Equal(written.Bias, layer.Bias);
        }

        Assert.Equal((12 * 7) + 7 + (7 * 5) + 5 + (5 * 3) + 3, read.Parameters);
    }

    [Fact]
    public void A_head_is_the_same_bytes_each_time_it_is_written() =>
        Assert.Equal(HeadModel.Write(SomeHead.Create(9, 4, 2)), HeadModel.Write(SomeHead.Create(9, 4, 2)));

    [Theory]
    [InlineData(1f)]
    [InlineData(0.25f)]
    [InlineData(1.7f)]
    public void The_temperature_is_read_back_beside_weights_that_it_did_not_touch(float temperature)
    {
        var head = SomeHead.At(temperature, SomeHead.Create(12, 7, 3));

        var read = HeadModel.Read(HeadModel.Write(head));

        Assert.Equal(temperature, read.Temperature);
        Assert.Equal(head.Layers[1].Weights, read.Layers[1].Weights);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    public void A_temperature_that_is_not_above_0_is_refused(float temperature) =>
        Assert.Contains("temperature", Assert.Throws<InvalidDataException>(() => SomeHead.At(temperature, SomeHead.Create(4, 2))).Message);

    [Theory]
    [InlineData("Relu", 1)]
    [InlineData("Softmax", 2)]
    public void A_division_that_is_no_temperature_is_refused(string next, int divisors)
    {
        var graph = new GraphBuilder("exported");
        graph.Input("x", 2);
        graph.Node("MatMul", "fc", ["x", graph.Constant("w", [1, 2, 3, 4], 2, 2)]);
        graph.Node("Div", "div", ["fc", graph.Constant("t", new float[divisors], divisors)]);
        graph.Node(next, "y", ["div"]);
        graph.Output("y", 2);

        var failure = Assert.Throws<InvalidDataException>(() => HeadModel.Read(graph.Build([]).ToByteArray(), ["cat", "dog"], SomeHead.Fingerprint));

        Assert.Contains("divi", failure.Message);
    }

    [Theory]
    [InlineData(1f)]
    [InlineData(1.7f)]
    public void Onnx_runtime_computes_what_the_layers_say(float temperature)
    {
        var head = SomeHead.At(temperature, SomeHead.Create(16, 8, 6, 4));
        var vectors = SomeHead.Numbers(new Random(3), 3 * 16);
        using var session = new InferenceSession(HeadModel.Write(head));

        using var results = session.Run([NamedOnnxValue.CreateFromTensor("vector", new DenseTensor<float>(vectors, [3, 16]))]);

        var probabilities = results.Single(result => result.Name == "probabilities").AsTensor<float>();
        Assert.Equal([3, 4], probabilities.Dimensions.ToArray());
        for (var row = 0; row < 3; row++)
        {
            var expected = SomeHead.Probabilities(head, vectors[(row * 16)..((row + 1) * 16)]);
            for (var label = 0; label < 4; label++) Assert.Equal(expected[label], probabilities[row, label], 1e-6);
        }
    }

    [Fact]
    public void Labels_may_hold_any_character_that_is_no_control_character()
    {
        var layer = SomeHead.Layer(new Random(1), 2, 3, DenseActivation.Softmax);
        string[] labels = ["\"quoted\", with comma", "Дельфин 🐬", "a\\b"];

        Assert.Equal(labels, HeadModel.Read(HeadModel.Write(new DenseHead(labels, SomeHead.Fingerprint, [layer]))).Labels);
    }

    [Fact]
    public void A_model_of_another_exporter_is_read_with_the_labels_and_the_fingerprint_given()
    {
        // PyTorch writes Gemm with transB, tf2onnx MatMul and Add; both leave Dropout out or in.
        var graph = new GraphBuilder("exported");
        graph.Input("x", 3);
        graph.Node("Flatten", "flat", ["x"]);
        graph.Node("Gemm", "fc1", ["flat", graph.Constant("w1", [1, 2, 3, 4, 5, 6], 2, 3), graph.Constant("b1", [7, 8], 2)], GraphBuilder.Integer("transB", 1));
        graph.Node("Relu", "relu", ["fc1"]);
        graph.Node("Dropout", "drop", ["relu"]);
        graph.Node("MatMul", "fc2", ["drop", graph.Constant("w2", [1, 2, 3, 4], 2, 2)]);
        graph.Node("Add", "fc2b", ["fc2", graph.Constant("b2", [9, 10], 2)]);
        graph.Node("Softmax", "y", ["fc2b"]);
        graph.Output("y", 2);

        var head = HeadModel.Read(graph.Build([]).ToByteArray(), ["cat", "dog"], SomeHead.Fingerprint);

        Assert.Equal((3, 2, DenseActivation.Relu), (head.Layers[0].Inputs, head.Layers[0].Units, head.Layers[0].Activation));
        Assert.Equal([1f, 4, 2, 5, 3, 6], head.Layers[0].Weights);
        Assert.Equal([7f, 8], head.Layers[0].Bias);
        Assert.Equal([1f, 2, 3, 4], head.Layers[1].Weights);
        Assert.Equal([9f, 10], head.Layers[1].Bias);
        Assert.Equal(["cat", "dog"], head.Labels);
    }

    [Fact]
    public void A_model_without_labels_is_refused_unless_they_are_given()
    {
        var model = ModelProto.Parser.ParseFrom(HeadModel.Write(SomeHead.Create(4, 2)));
        model.MetadataProps.Clear();

        var failure = Assert.Throws<InvalidDataException>(() => HeadModel.Read(model.ToByteArray(), null, SomeHead.Fingerprint));

        Assert.Contains("topfive.labels", failure.Message);
    }
}
