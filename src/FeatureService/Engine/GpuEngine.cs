using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.Backbones;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace Topfive.FeatureService;

/// <summary>
/// The backbone in ONNX Runtime, on a GPU: pixels and vectors lie in page-locked memory that is made once, so that the runtime copies
/// them without another copy in between. Batches have the powers of two and the largest as sizes: a GPU's libraries choose their kernels
/// anew for every size, so a batch in between is filled up with what lay there before, and a dozen sizes at most are warmed up.
/// </summary>
internal sealed class GpuEngine : IEngine
{
    /// <summary>Where nothing else is set. Not measured yet: docs/gpu.md says how to.</summary>
    public const int UsualBatch = 64;

    private static readonly string[] Inputs = ["pixels"];
    private static readonly string[] Outputs = ["vector"];

    private readonly InferenceSession _session;
    private readonly RunOptions _run = new();
    private readonly BackboneFile _backbone;
    private readonly OrtAllocator? _pinned;
    private readonly PixelBuffer _input;
    private readonly HostMemory _output;
    private readonly (OrtValue[] Pixels, OrtValue[] Vectors)[] _sizes;

    /// <param name="model">The .onnx file.</param>
    /// <param name="backbone">What it says of itself.</param>
    /// <param name="options">With the device's provider appended; without one it runs on CPU.</param>
    /// <param name="maxBatchSize">Images of a run, at most.</param>
    /// <param name="pinned">The device's allocator of page-locked memory; null: memory of the heap is taken.</param>
    public GpuEngine(string model, BackboneFile backbone, SessionOptions options, int maxBatchSize, Func<InferenceSession, OrtAllocator?> pinned)
    {
        _session = new InferenceSession(model, options);
        try
        {
            _backbone = backbone;
            _pinned = pinned(_session);
            _input = new PixelBuffer(backbone, maxBatchSize, _pinned);
            _output = new HostMemory(maxBatchSize * Dimensions * sizeof(float), _pinned);
        }
        catch
        {
            _session.Dispose();
            throw;
        }

        // What fills up a batch is computed too: numbers, not what happens to lie there.
        for (var row = 0; row < maxBatchSize; row++) _input.Row(row).Clear();
        _sizes = [.. Sizes(maxBatchSize).Select(size => (
            new[] { _input.ToValue(size) }, new[] { _output.ToValue(TensorElementType.Float, [size, Dimensions], size * Dimensions * sizeof(float)) }))];
    }

    public int PixelsLength => _backbone.InputHeight * _backbone.InputWidth * 3;

    public PixelType Pixels => _backbone.Pixels;

    public int Dimensions => _backbone.Dimensions;

    /// <summary>Whether its memory is page-locked.</summary>
    public bool IsPinned => _pinned is not null;

    /// <summary>The sizes of batches that are run, in ascending order.</summary>
    public static IEnumerable<int> Sizes(int maxBatchSize)
    {
        for (var size = 1; size < maxBatchSize; size *= 2) yield return size;
        yield return maxBatchSize;
    }

    public Span<byte> Input(int row) => _input.Row(row);

    public void Run(int count, Memory<float> vectors)
    {
        // The first size that holds them: 1, 2, 4, … and the largest.
        var (pixels, filled) = _sizes[Math.Min(BitOperations.Log2((uint)((2 * count) - 1)), _sizes.Length - 1)];
        _session.Run(_run, Inputs, pixels, Outputs, filled);
        MemoryMarshal.Cast<byte, float>(_output.Span)[..(count * Dimensions)].CopyTo(vectors.Span);
    }

    public void Dispose()
    {
        foreach (var (pixels, vectors) in _sizes)
        {
            pixels[0].Dispose();
            vectors[0].Dispose();
        }

        _input.Dispose();
        _output.Dispose();
        _pinned?.Dispose();
        _session.Dispose();
        _run.Dispose();
    }
}
