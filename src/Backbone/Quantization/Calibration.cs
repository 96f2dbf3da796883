using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones.Onnx;

namespace Topfive.Backbones;

/// <summary>What a float32 graph's inner tensors held while it ran over images.</summary>
/// <param name="Statistics">By tensor.</param>
/// <param name="Digest">64 lower-case hexadecimal digits: SHA-256 over the images' pixels, in order.</param>
/// <param name="Images">How many there were.</param>
internal sealed record Calibration(IReadOnlyDictionary<string, TensorStatistics> Statistics, string Digest, int Images)
{
    /// <param name="graph">What is run.</param>
    /// <param name="images">Each [height, width, 3], as the graph's input wants it.</param>
    /// <param name="cancellation">Looked at between images.</param>
    public static Calibration Run(CanonicalGraph graph, IEnumerable<float[]> images, CancellationToken cancellation)
    {
        string[] tensors = [.. graph.Activations];
        var input = graph.Graph.Input.Single();
        long[] shape = [1, .. input.Type.TensorType.Shape.Dim.Skip(1).Select(dimension => dimension.DimValue)];
        using var session = new InferenceSession(WithOutputs(graph.Model, tensors).ToByteArray());
        using var run = new RunOptions();
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var statistics = tensors.ToDictionary(tensor => tensor, _ => new TensorStatistics(), StringComparer.Ordinal);
        var count = 0;
        foreach (var pixels in images)
        {
            cancellation.ThrowIfCancellationRequested();
            digest.AppendData(MemoryMarshal.AsBytes(pixels.AsSpan()));
            using var value = OrtValue.CreateTensorValueFromMemory(pixels, shape);
            using var outputs = session.Run(run, [input.Name], [value], tensors);
            // As many threads as there are cores: counting costs as much as computing.
            Parallel.For(0, tensors.Length, i => statistics[tensors[i]].Add(
                outputs[i].GetTensorDataAsSpan<float>(), (int)outputs[i].GetTensorTypeAndShape().Shape[1]));
            count++;
        }

        if (count == 0) throw new InvalidDataException("there are no images to calibrate with: at least one is needed");
        return new Calibration(statistics, Convert.ToHexStringLower(digest.GetHashAndReset()), count);
    }

    private static ModelProto WithOutputs(ModelProto model, string[] tensors)
    {
        var open = model.Clone();
        open.Graph.Output.Clear();
        open.Graph.Output.Add(tensors.Select(tensor => new ValueInfoProto
        {
            Name = tensor,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)ElementType.Float } },
        }));
        return open;
    }
}
