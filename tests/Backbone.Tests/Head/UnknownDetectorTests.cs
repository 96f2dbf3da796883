using Google.Protobuf;
using Topfive.Backbones.Onnx;
using Xunit;

namespace Topfive.Backbones.Tests;

public class UnknownDetectorTests
{
    // Two axes of four dimensions; two labels at ±1 along the first.
    private static readonly UnknownDetector Detector = new(
        Mean: [1, 1, 1, 1], Axes: [1, 0, 0, 0, 0, 1, 0, 0], Whitening: [2, 0, 1, 0.5f], LabelMeans: [2, 0, -2, 0],
        ResidualVariance: 4, Threshold: 3, FalseRejectRate: 0.05f, ValidationExamples: 20);

    [Theory]
    [InlineData(2, 1, 1, 1, 1)] // at the first label along the axes, whitened to (2, 1): 1 away
    [InlineData(1, 1, 5, 1, 2.8284271)] // 2 from both labels, and 4 across the axes at variance 4: √(4 + 16 / 4)
    [InlineData(2, -1, 1, 7, 3)] // (2, 0) is the first label; 6 across the axes: √(36 / 4)
    public void The_distance_is_as_the_definition_says(float a, float b, float c, float d, float expected)
    {
        Assert.Equal(expected, Detector.Distance([a, b, c, d]), 1e-6);
        Assert.Equal(expected > 3, Detector.IsUnknown(Detector.Distance([a, b, c, d])));
    }

    [Fact]
    public void Numbers_too_large_to_compute_with_are_unknown() => Assert.True(Detector.IsUnknown(Detector.Distance([3e38f, -3e38f, 3e38f, 3e38f])));

    [Fact]
    public void A_heads_file_carries_it()
    {
        var read = HeadModel.Read(HeadModel.Write(Head(Detector))).Unknown!;

        Assert.Equal(
            (Detector.ResidualVariance, Detector.Threshold, Detector.FalseRejectRate, Detector.ValidationExamples),
            (read.ResidualVariance, read.Threshold, read.FalseRejectRate, read.ValidationExamples));
        Assert.Equal([Detector.Mean, Detector.Axes, Detector.Whitening, Detector.LabelMeans], [read.Mean, read.Axes, read.Whitening, read.LabelMeans]);
        Assert.Null(HeadModel.Read(HeadModel.Write(Head(null))).Unknown);
    }

    [Fact]
    public void One_that_is_larger_than_a_models_structure_may_be_is_read()
    {
        var large = new UnknownDetector(
            new float[4], new float[8], new float[4], new float[2 * 600_000], 1, 1, 0.05f, 1);
        var labels = Enumerable.Range(0, 600_000).Select(label => $"{label}").ToArray();
        var head = new DenseHead(labels, SomeHead.Fingerprint, [new DenseLayer(4, labels.Length, new float[4 * labels.Length], new float[labels.Length], DenseActivation.Softmax)])
        {
            Unknown = large,
        };

        Assert.Equal(1_200_000, HeadModel.Read(HeadModel.Write(head)).Unknown!.LabelMeans.Length);
    }

    [Fact]
    public void One_that_does_not_go_with_its_head_is_refused()
    {
        Refused(Detector with { Mean = [1, 1, 1] }, "do not go with 4 inputs and 2 labels");
        Refused(Detector with { Mean = [] }, "do not go with");
        Refused(Detector with { Whitening = [1] }, "do not go with");
        Refused(Detector with { LabelMeans = [1, 2] }, "do not go with");
        Refused(Detector with { Axes = [float.NaN, 0, 0, 0, 0, 1, 0, 0] }, "not finite");
        Refused(Detector with { ResidualVariance = 0 }, "out of its range");
        Refused(Detector with { FalseRejectRate = 1 }, "out of its range");

        var model = ModelProto.Parser.ParseFrom(HeadModel.Write(Head(Detector)));
        model.MetadataProps.Single(entry => entry.Key == "topfive.unknown").Value = "no base64";
        Assert.Contains("topfive.unknown", Assert.Throws<InvalidDataException>(() => HeadModel.Read(model.ToByteArray())).Message);
    }

    private static void Refused(UnknownDetector detector, string says) =>
        Assert.Contains(says, Assert.Throws<InvalidDataException>(() => Head(detector)).Message);

    private static DenseHead Head(UnknownDetector? detector)
    {
        var head = SomeHead.Create(4, 2);
        return new DenseHead(head.Labels, head.BackboneFingerprint, head.Layers) { Unknown = detector };
    }
}
