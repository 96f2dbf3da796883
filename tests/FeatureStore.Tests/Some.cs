using System.Runtime.InteropServices;
using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.FeatureStore.Tests;

/// <summary>Values to store: the same number gives the same value.</summary>
internal static class Some
{
    public static ImageHash Image(int number) => ImageHash.Of(BitConverter.GetBytes(number));

    public static float[] Vector(int seed, int dimensions = 2048)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, dimensions).Select(_ => random.NextSingle() * 3)];
    }

    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static byte[] Bits(ReadOnlySpan<float> vector) => MemoryMarshal.AsBytes(vector).ToArray();

    public static Example Example(int number, string label = "cat", Split split = Split.Training, string group = "") => new()
    {
        ImageHash = ByteString.CopyFrom(Image(number).ToByteArray()),
        Label = label,
        Split = split,
        Group = ByteString.CopyFromUtf8(group),
    };

    public static string Name() => Guid.NewGuid().ToString("N");
}
