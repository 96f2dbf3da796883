using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>The backbone in ONNX Runtime, on CPU.</summary>
internal sealed class OnnxEngine : IEngine
{
    /// <summary>Beyond it a CPU gains nothing and takes more memory.</summary>
    public const int UsualBatch = 8;

    private static readonly string[] Inputs = ["pixels"];
    private static readonly string[] Outputs = ["vector"];

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly BackboneFile _backbone;
    private readonly PixelBuffer _input;

    /// <param name="model">The .onnx file.</param>
    /// <param name="backbone">What it says of itself.</param>
    /// <param name="threads">Of a run; 0: one for each physical core.</param>
    /// <param name="maxBatchSize">Images of a run, at most.</param>
    public OnnxEngine(string model, BackboneFile backbone, int threads, int maxBatchSize = UsualBatch)
    {
        using var options = RuntimeOptions.Create();
        options.IntraOpNumThreads = threads;
        _session = new InferenceSession(model, options);
        _backbone = backbone;
        _input = new PixelBuffer(backbone, maxBatchSize);
    }

    /// <summary>Runtime and version.</summary>
    public static string Name => $"onnxruntime {OrtEnv.Instance().GetVersionString()}";

    public int PixelsLength => _backbone.InputHeight * _backbone.InputWidth * 3;

    public PixelType Pixels => _backbone.Pixels;

    public int Dimensions => _backbone.Dimensions;

    public Span<byte> Input(int row) => _input.Row(row);

    public void Run(int count, Memory<float> vectors)
    {
        using var input = _input.ToValue(count);
        using var output = OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, vectors, [count, Dimensions]);
        _session.Run(_run, Inputs, [input], Outputs, [output]);
    }

    public void Dispose()
    {
        _session.Dispose();
        _run.Dispose();
        _input.Dispose();
    }
}
