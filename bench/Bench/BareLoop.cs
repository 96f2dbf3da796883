using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;
using Topfive.Backbones.Onnx;

namespace Topfive.Bench;

/// <summary>Nothing but the runtime: the same batch again and again, in every session at once.</summary>
internal sealed class BareLoop : IDisposable
{
    private readonly (InferenceSession Session, OrtValue Input, OrtValue Output)[] _sessions;

    /// <param name="model">A backbone's .onnx file, or what one of the methods below makes of it.</param>
    /// <param name="backbone">Its sizes.</param>
    /// <param name="batch">Images of a run.</param>
    /// <param name="sessions">That run at the same time.</param>
    /// <param name="threads">Of each.</param>
    /// <param name="readsPlanes">Pixels are [3, height, width].</param>
    public BareLoop(string model, BackboneFile backbone, int batch, int sessions, int threads, bool readsPlanes = false)
    {
        using var options = new SessionOptions { IntraOpNumThreads = threads, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        long[] shape = readsPlanes ? [batch, 3, backbone.InputHeight, backbone.InputWidth] : [batch, backbone.InputHeight, backbone.InputWidth, 3];
        _sessions = [.. Enumerable.Range(0, sessions).Select(_ => (
            new InferenceSession(model, options),
            OrtValue.CreateTensorValueFromMemory(Pixels((int)shape.Aggregate((a, b) => a * b)), shape),
            OrtValue.CreateTensorValueFromMemory(new float[batch * backbone.Dimensions], [batch, backbone.Dimensions])))];
    }

    /// <summary>The graph as the runtime optimises it for this processor.</summary>
    public static string Optimised(string model, string saved)
    {
        using var options = new SessionOptions { OptimizedModelFilePath = saved, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        new InferenceSession(model, options).Dispose();
        return saved;
    }

    /// <summary>The graph behind the first node, which turns pixels into planes.</summary>
    public static string OfPlanes(string model, string file)
    {
        var changed = ModelProto.Parser.ParseFrom(File.ReadAllBytes(model));
        var transpose = changed.Graph.Node.Single(node => node.OpType == "Transpose");
        foreach (var reader in changed.Graph.Node.Where(node => node.Input.Contains(transpose.Output[0]))) reader.Input[reader.Input.IndexOf(transpose.Output[0])] = transpose.Input[0];
        changed.Graph.Node.Remove(transpose);
        var shape = changed.Graph.Input.Single().Type.TensorType.Shape.Dim;
        var channels = shape[^1];
        shape.RemoveAt(shape.Count - 1);
        shape.Insert(1, channels);
        File.WriteAllBytes(file, changed.ToByteArray());
        return file;
    }

    /// <returns>Noise.</returns>
    public static float[] Pixels(int length)
    {
        var (random, pixels) = (new Random(1), new float[length]);
        foreach (ref var pixel in pixels.AsSpan()) pixel = 255 * random.NextSingle();
        return pixels;
    }

    public void Run()
    {
        if (_sessions.Length == 1) Run(_sessions[0]);
        else Parallel.ForEach(_sessions, Run);
    }

    public void Dispose()
    {
        foreach (var (session, input, output) in _sessions)
        {
            input.Dispose();
            output.Dispose();
            session.Dispose();
        }
    }

    private static void Run((InferenceSession Session, OrtValue Input, OrtValue Output) bare)
    {
        using var options = new RunOptions();
        bare.Session.Run(options, ["pixels"], [bare.Input], ["vector"], [bare.Output]);
    }
}
