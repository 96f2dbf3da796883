using Grpc.Core;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.TestKit;
using Xunit;

namespace Topfive.ClassifierService.Tests;

/// <summary>A head with all that can be in one, a temperature and a detector of unknown vectors, outside of the services.</summary>
public sealed class ExportedHeadTests(EmbeddedService embedded) : IDisposable
{
    private const int Images = 3;
    private const int Labels = 4;
    private const int Size = 299;

    private readonly ServiceUnderTest _service = embedded.Service;
    private readonly TempDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Calibrated_and_with_a_detector_it_says_alone_and_fused_what_serving_says()
    {
        var backbone = SmallBackbone.Write(_folder.File("small.onnx"));
        float[] pixels = [.. GoldenImage.Pixels(), .. new float[Size * Size * 3], .. Enumerable.Repeat(200f, Size * Size * 3)];
        var vectors = Run(await File.ReadAllBytesAsync(backbone, TestContext.Current.CancellationToken), "pixels", pixels, "vector", Images, Size, Size, 3);
        var head = CalibratedHead(temperature: 2.5f, BackboneFile.Read(backbone).Fingerprint);
        var name = (await _service.ImportAsync(Some.Name("head"), HeadModel.Write(head))).Head_;

        var exported = await ExportAsync(name);

        var alone = Run(exported, "vector", vectors, "probabilities", Images, Some.Dimensions);
        var fused = Run(FusedModel.Write(backbone, exported), "pixels", pixels, "probabilities", Images, Size, Size, 3);
        for (var image = 0; image < Images; image++)
        {
            var vector = vectors[(image * Some.Dimensions)..((image + 1) * Some.Dimensions)];
            var expected = Served(head, vector);
            AssertClose(expected, alone.AsSpan(image * Labels, Labels));
            AssertClose(expected, fused.AsSpan(image * Labels, Labels));

            var answer = await _service.Classification.ClassifyAsync(new ClassifyRequest(Some.Request(name, vector)) { AnswerUnknown = true });
            AssertClose(expected, [.. answer.Predictions.OrderBy(prediction => prediction.Index).Select(prediction => prediction.Probability)]);
            Assert.Equal(head.Unknown!.Distance(vector), answer.Unknown.Score);

            // A temperature that changed nothing would prove nothing.
            Assert.True(Served(new DenseHead(head.Labels, head.BackboneFingerprint, head.Layers), vector).Max() > expected.Max() + 0.01f);
        }
    }

    private static DenseHead CalibratedHead(float temperature, string fingerprint)
    {
        var random = new Random(7);
        float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => ((random.NextSingle() * 2) - 1) * 0.2f)];
        float[] axis = [1, .. new float[Some.Dimensions - 1]];
        return new DenseHead(
            [.. Enumerable.Range(0, Labels).Select(label => $"label {label}")],
            fingerprint,
            [
                new DenseLayer(Some.Dimensions, 8, Numbers(Some.Dimensions * 8), Numbers(8), DenseActivation.Relu),
                new DenseLayer(8, Labels, Numbers(8 * Labels), [0.9f, -0.4f, 0.1f, -0.2f], DenseActivation.Softmax),
            ],
            temperature)
        {
            Unknown = new UnknownDetector(Numbers(Some.Dimensions), axis, Whitening: [2], LabelMeans: [0, 1, 2, 3], 0.5f, Threshold: 20, FalseRejectRate: 0.05f, ValidationExamples: 40),
        };
    }

    private static float[] Served(DenseHead head, float[] vector)
    {
        var probabilities = new float[Labels];
        new ServingHead("head", 1, head).Score(vector, probabilities);
        return probabilities;
    }

    private static void AssertClose(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(Labels, actual.Length);
        for (var label = 0; label < Labels; label++) Assert.Equal(expected[label], actual[label], 1e-5);
    }

    private static float[] Run(byte[] model, string input, float[] values, string output, params long[] shape)
    {
        using var session = new InferenceSession(model);
        using var read = OrtValue.CreateTensorValueFromMemory(values, shape);
        using var run = new RunOptions();
        using var outputs = session.Run(run, [input], [read], [output]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }

    private async Task<byte[]> ExportAsync(string head)
    {
        using var call = _service.Heads.ExportHead(new ExportHeadRequest { Head = head });
        return [.. (await call.ResponseStream.ReadAllAsync().Select(part => part.Data.ToByteArray()).ToListAsync()).SelectMany(part => part)];
    }
}
