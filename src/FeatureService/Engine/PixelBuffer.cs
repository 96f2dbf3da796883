using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>The pixels of a batch, where the runtime reads them.</summary>
internal sealed class PixelBuffer : IDisposable
{
    private readonly BackboneFile _backbone;
    private readonly HostMemory _memory;
    private readonly int _rowBytes;

    /// <param name="backbone">What reads it.</param>
    /// <param name="images">At most.</param>
    /// <param name="pinned">Where page-locked memory comes from; null: from the heap.</param>
    public PixelBuffer(BackboneFile backbone, int images, OrtAllocator? pinned = null)
    {
        _backbone = backbone;
        _rowBytes = backbone.InputHeight * backbone.InputWidth * 3 * backbone.Pixels.Size();
        _memory = new HostMemory(images * _rowBytes, pinned);
    }

    public Span<byte> Row(int row) => _memory.Span.Slice(row * _rowBytes, _rowBytes);

    /// <returns>The first images as a tensor, without a copy; to be disposed of.</returns>
    public OrtValue ToValue(int images) => _memory.ToValue(
        _backbone.Pixels == PixelType.Bytes ? TensorElementType.UInt8 : TensorElementType.Float,
        [images, _backbone.InputHeight, _backbone.InputWidth, 3], images * _rowBytes);

    public void Dispose() => _memory.Dispose();
}

/// <summary>Memory that does not move, for tensors that are read and written in place.</summary>
internal sealed unsafe class HostMemory : IDisposable
{
    private readonly byte[]? _heap;
    private readonly OrtValue? _pinned;
    private readonly OrtMemoryInfo _info;
    private readonly nint _pointer;
    private readonly int _bytes;

    /// <param name="bytes">How much.</param>
    /// <param name="pinned">Where page-locked memory comes from; null: from the heap.</param>
    public HostMemory(int bytes, OrtAllocator? pinned)
    {
        (_bytes, _info) = (bytes, pinned?.Info ?? OrtMemoryInfo.DefaultInstance);
        if (pinned is null)
        {
            _heap = GC.AllocateUninitializedArray<byte>(bytes, pinned: true);
            fixed (byte* first = _heap) _pointer = (nint)first;
        }
        else
        {
            _pinned = OrtValue.CreateAllocatedTensorValue(pinned, TensorElementType.UInt8, [bytes]);
            fixed (byte* first = _pinned.GetTensorMutableRawData()) _pointer = (nint)first;
        }
    }

    public Span<byte> Span => new((void*)_pointer, _bytes);

    /// <returns>Its first bytes as a tensor, to be disposed of before this.</returns>
    public OrtValue ToValue(TensorElementType type, long[] shape, int bytes) =>
        OrtValue.CreateTensorValueWithData(_info, type, shape, _pointer, bytes);

    public void Dispose() => _pinned?.Dispose();
}
