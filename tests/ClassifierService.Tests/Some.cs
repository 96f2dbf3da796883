using Google.Protobuf;
using Grpc.Core;
using Topfive.Backbones;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Xunit;

namespace Topfive.ClassifierService.Tests;

internal static class Some
{
    public const int Dimensions = 2048;

    public static readonly BackboneRecord Backbone = new(new string('a', 64), "synthetic", Dimensions);

    public static string Name(string kind) => $"{kind} {Guid.NewGuid():N}";

    public static ImageHash Image() => ImageHash.Of(Guid.NewGuid().ToByteArray());

    public static ByteString Bytes(ImageHash image) => ByteString.CopyFrom(image.ToByteArray());

    public static Example Example(string dataset, ImageHash image, string label = "cat", Split split = Split.Training, string group = "") => new()
    {
        Dataset = dataset,
        ImageHash = Bytes(image),
        Label = label,
        Split = split,
        Group = ByteString.CopyFromUtf8(group),
    };

    /// <summary>One layer that answers label <paramref name="favourite"/> to whatever it is asked.</summary>
    public static byte[] Model(int labels = 7, int favourite = 0, string? fingerprint = null)
    {
        var bias = new float[labels];
        bias[favourite] = 3;
        return HeadModel.Write(new DenseHead(
            [.. Enumerable.Range(0, labels).Select(label => $"label {label}")], fingerprint ?? Backbone.Fingerprint,
            [new DenseLayer(Dimensions, labels, new float[Dimensions * labels], bias, DenseActivation.Softmax)]));
    }

    public static ClassifyRequest Request(string head, float[]? vector = null, int topK = 0) => new()
    {
        Head = head,
        TopK = topK,
        Vector = new FloatVector { Values = { vector ?? SyntheticVectors.Vector(1, 0) } },
    };

    /// <summary>The call fails with this status, and its message holds each of these.</summary>
    public static async Task<RpcException> RefusedAsync(StatusCode code, Func<Task> call, params string[] says)
    {
        var exception = await Assert.ThrowsAnyAsync<RpcException>(call);
        Assert.Equal((code, exception.Status.Detail), (exception.StatusCode, exception.Status.Detail));
        foreach (var words in says) Assert.Contains(words, exception.Status.Detail);
        return exception;
    }
}
