using System.Diagnostics;
using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;

namespace Topfive.Backbones;

/// <summary>How near one backbone's vectors come to another's of the same image, and how much sooner they come.</summary>
/// <param name="Cosines">One an image, in order.</param>
/// <param name="Speed">How many times as many images a second, at the batch and threads given.</param>
public sealed record BackboneComparison(double[] Cosines, double Speed)
{
    private const int Rounds = 5;

    /// <param name="referenceFile">The .onnx file of the one.</param>
    /// <param name="file">The .onnx file of the other.</param>
    /// <param name="images">Pixels [height, width, 3] each.</param>
    /// <param name="batch">Images of one run when speed is measured.</param>
    /// <param name="threads">Of a run.</param>
    /// <param name="cancellation">Looked at between runs.</param>
    public static BackboneComparison Measure(
        string referenceFile, string file, IReadOnlyList<float[]> images, int batch, int threads, CancellationToken cancellation = default)
    {
        var size = BackboneFile.Read(referenceFile);
        using var options = RuntimeOptions.Create();
        options.IntraOpNumThreads = threads;
        // A session that has nothing to do must not keep the other from a core.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        using var reference = new InferenceSession(referenceFile, options);
        using var other = new InferenceSession(file, options);
        var cosines = new double[images.Count];
        for (var i = 0; i < images.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            cosines[i] = TensorPrimitives.CosineSimilarity<float>(Vectors(reference, images[i], 1, size), Vectors(other, images[i], 1, size));
        }

        float[] pixels = [.. Enumerable.Range(0, batch).SelectMany(i => images[i % images.Count])];
        return new BackboneComparison(cosines, Ratio(() => Vectors(reference, pixels, batch, size), () => Vectors(other, pixels, batch, size), cancellation));
    }

    /// <summary>The least times of either, taken in turn: what else the machine does falls on both.</summary>
    private static double Ratio(Action reference, Action other, CancellationToken cancellation)
    {
        var (slow, fast) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            slow = Time(reference, slow);
            fast = Time(other, fast);
        }

        return slow / fast;
    }

    private static TimeSpan Time(Action action, TimeSpan least)
    {
        var began = Stopwatch.GetTimestamp();
        action();
        var took = Stopwatch.GetElapsedTime(began);
        return took < least ? took : least;
    }

    private static float[] Vectors(InferenceSession session, float[] pixels, int images, BackboneFile size)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [images, size.InputHeight, size.InputWidth, 3]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
