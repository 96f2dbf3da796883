using Microsoft.ML.OnnxRuntime;

namespace Topfive.Backbones.Tests;

/// <summary>Runs an imported backbone.</summary>
internal static class Backbone
{
    public static float[] Vectors(string model, float[] pixels, int images)
    {
        using var session = new InferenceSession(model);
        return Vectors(session, pixels, images);
    }

    /// <param name="session">Of a backbone's file.</param>
    /// <param name="pixels">[images, 299, 299, 3].</param>
    /// <param name="images">How many.</param>
    /// <returns>[images, 2048].</returns>
    public static float[] Vectors(InferenceSession session, float[] pixels, int images)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, [images, 299, 299, 3]);
        using var run = new RunOptions();
        using var outputs = session.Run(run, ["pixels"], [input], ["vector"]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
