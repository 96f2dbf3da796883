using Google.Protobuf;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>A detector as text in a head's metadata, where every ONNX runtime passes it over.</summary>
internal static class DetectorMetadata
{
    public const string Key = "topfive.unknown";

    public static string Write(UnknownDetector detector) => new StoredDetector
    {
        Mean = { detector.Mean },
        Axes = { detector.Axes },
        Whitening = { detector.Whitening },
        LabelMeans = { detector.LabelMeans },
        ResidualVariance = detector.ResidualVariance,
        Threshold = detector.Threshold,
        FalseRejectRate = detector.FalseRejectRate,
        ValidationExamples = detector.ValidationExamples,
    }.ToByteString().ToBase64();

    /// <param name="text">From anyone.</param>
    /// <exception cref="InvalidDataException">It is no detector.</exception>
    public static UnknownDetector Read(string text)
    {
        try
        {
            var stored = StoredDetector.Parser.ParseFrom(Convert.FromBase64String(text));
            return new UnknownDetector(
                [.. stored.Mean], [.. stored.Axes], [.. stored.Whitening], [.. stored.LabelMeans],
                stored.ResidualVariance, stored.Threshold, stored.FalseRejectRate, stored.ValidationExamples);
        }
        catch (Exception exception) when (exception is FormatException or InvalidProtocolBufferException)
        {
            throw new InvalidDataException($"the head's {Key} is not what an export writes", exception);
        }
    }
}
