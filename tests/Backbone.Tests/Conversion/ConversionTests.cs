using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones.Onnx;
using Topfive.TestKit;
using Xunit;

namespace Topfive.Backbones.Tests;

public sealed class ConversionTests : IDisposable
{
    /// <summary>Photographs, and the float32 backbone's vectors of them.</summary>
    private static readonly Lazy<Task<(float[] Image, float[] Vector)[]>> References = new(async () =>
    {
        using var reference = new InferenceSession(await TestBackbone.ModelAsync());
        // Quarters, as resizing gives: rounding must have something to round.
        var images = (await TestPhotos.AllAsync()).Select(photo => photo.Pixels().Select((pixel, i) => Math.Min(255, pixel + (i % 4 / 4f))).ToArray());
        return [.. images.Select(image => (image, Vector(reference, image, PixelType.Floats)))];
    });

    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("fp16", PixelType.Floats, 0.9999)]
    [InlineData("fp32", PixelType.Bytes, 0.9995)]
    [InlineData("fp16", PixelType.Bytes, 0.9995)]
    public async Task A_converted_backbone_is_one_of_its_own_and_comes_near_on_photos(string precision, PixelType pixels, double least)
    {
        var path = await TestBackbone.ModelAsync();
        var source = BackboneFile.Read(path);
        var file = _directory.File("converted.onnx");

        var written = BackboneConverter.Convert(path, precision, pixels, file);

        var read = BackboneFile.Read(file);
        Assert.Equal((precision, pixels, source.Fingerprint), (read.Precision, read.Pixels, read.ConvertedFrom));
        Assert.Equal(written.Fingerprint, read.Fingerprint);
        Assert.NotEqual(source.Fingerprint, read.Fingerprint);
        Assert.Equal(pixels == PixelType.Bytes, read.Preprocessing != source.Preprocessing);
        Assert.Empty(read.HeadLabels);
        Assert.Equal(precision == "fp16" ? 0.5 : 1, new FileInfo(file).Length / (double)new FileInfo(path).Length, 0.02);
        using InferenceSession converted = new(file);
        foreach (var (image, expected) in await References.Value)
        {
            var vector = Vector(converted, image, pixels);
            Assert.Equal(2048, vector.Length);
            Assert.InRange(TensorPrimitives.CosineSimilarity<float>(expected, vector), least, 1.0001);
        }
    }

    [Fact]
    public async Task What_is_converted_is_refused_as_a_source_and_so_is_another_graph()
    {
        var half = _directory.File("half.onnx");
        BackboneConverter.Convert(await TestBackbone.ModelAsync(), "fp16", PixelType.Floats, half);
        Assert.Contains("half.onnx is fp16", Refusal(half));

        var bytes = _directory.File("bytes.onnx");
        BackboneConverter.Convert(SmallBackbone.Write(_directory.File("small.onnx")), "fp32", PixelType.Bytes, bytes);
        Assert.Contains("reads pixels as uint8", Refusal(bytes));
        Assert.Contains("ReduceMean", Refusal(_directory.File("small.onnx")));
    }

    [Fact]
    public void Weights_beyond_float16_are_named()
    {
        var model = SmallGraph.Model();
        var bias = model.Graph.Initializer.Single(tensor => tensor.Name == "plain/bias");
        var values = CanonicalGraph.Values(bias).ToArray();
        values[3] = 70_000;
        bias.RawData = Google.Protobuf.ByteString.CopyFrom(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

        var failure = Assert.Throws<InvalidDataException>(() => HalfGraph.Convert(new CanonicalGraph(model, "small.onnx"), "small.onnx"));

        Assert.Contains("plain/bias", failure.Message);
        Assert.Contains("65,504", failure.Message);
    }

    [Fact]
    public void All_between_the_image_and_the_mean_is_float16_and_the_vector_float32()
    {
        var source = SmallGraph.Create();
        HalfGraph.Convert(source, "small.onnx");
        var model = source.Model;

        Assert.All(model.Graph.Node.Where(node => node.OpType == "Conv"), convolution =>
            Assert.All(convolution.Input.Skip(1), constant => Assert.Equal((int)ElementType.Float16, source.Constant(constant)!.DataType)));
        Assert.Equal(["scaled/Float16", "last/relu/Float"], model.Graph.Node.Where(node => node.OpType == "Cast").Select(node => node.Name));
        foreach (var image in SmallGraph.Images(4, 2))
        {
            Assert.InRange(TensorPrimitives.CosineSimilarity<float>(SmallGraph.Vector(SmallGraph.Model(), image), SmallGraph.Vector(model, image)), 0.99999f, 1.0001f);
        }
    }

    private string Refusal(string file) =>
        Assert.Throws<InvalidDataException>(() => BackboneConverter.Convert(file, "fp16", PixelType.Floats, _directory.File("out.onnx"))).Message;

    private static float[] Vector(InferenceSession session, float[] image, PixelType type)
    {
        var bytes = new byte[image.Length];
        PixelBytes.Round(image, bytes);
        using var input = type == PixelType.Bytes
            ? OrtValue.CreateTensorValueFromMemory(bytes, [1, 299, 299, 3])
            : OrtValue.CreateTensorValueFromMemory(image, [1, 299, 299, 3]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
