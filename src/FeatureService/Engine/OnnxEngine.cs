using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>The backbone in ONNX Runtime, on CPU.</summary>
internal sealed class OnnxEngine : IEngine
{
    private static readonly string[] Inputs = ["pixels"];
    private static readonly string[] Outputs = ["vector"];

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly BackboneFile _backbone;

    public OnnxEngine(string model, BackboneFile backbone, int threads)
    {
        using var options = RuntimeOptions.Create();
        options.IntraOpNumThreads = threads;
        _session = new InferenceSession(model, options);
        _backbone = backbone;
    }

    /// <summary>Runtime and version.</summary>
    public static string Name => $"onnxruntime {OrtEnv.Instance().GetVersionString()}";

    public int PixelsLength => _backbone.InputHeight * _backbone.InputWidth * 3;

    public int Dimensions => _backbone.Dimensions;

    public void Run(Memory<float> pixels, int count, Memory<float> vectors)
    {
        using var input = OrtValue.CreateTensorValueFromMemory(
            OrtMemoryInfo.DefaultInstance, pixels, [count, _backbone.InputHeight, _backbone.InputWidth, 3]);
        using var output = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, vectors, [count, Dimensions]);
        _session.Run(_run, Inputs, [input], Outputs, [output]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _run.Dispose();
    }
}
