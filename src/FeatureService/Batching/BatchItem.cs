using System.Diagnostics;
using System.Runtime.InteropServices;
using Topfive.Backbones;

namespace Topfive.FeatureService;

/// <summary>What the engine made of one image.</summary>
/// <param name="Vector">The image's part of the batch's output.</param>
/// <param name="Waited">From admission to the start of the batch.</param>
/// <param name="Inference">The run of the whole batch.</param>
/// <param name="BatchSize">Images in the batch.</param>
internal readonly record struct BatchResult(ReadOnlyMemory<float> Vector, TimeSpan Waited, TimeSpan Inference, int BatchSize);

/// <summary>
/// One admitted image: a place in the queue and a buffer for its pixels. Dispose gives both back, unless the item has
/// been handed to the engine, which does it then.
/// </summary>
internal sealed class BatchItem(Urgency urgency, float[] pixels, Action<BatchItem> giveBack) : IDisposable
{
    private const int Filling = 0;
    private const int Waiting = 1;
    private const int Begun = 2;
    private const int Abandoned = 3;

    private readonly TaskCompletionSource<BatchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _admitted = Stopwatch.GetTimestamp();
    private int _state = Filling;

    public Urgency Urgency { get; } = urgency;

    /// <summary>To fill before the item is handed over.</summary>
    public float[] Pixels { get; } = pixels;

    public Task<BatchResult> Result => _result.Task;

    public TimeSpan Waited { get; private set; }

    /// <summary>What the engine reads, once the item has been handed over.</summary>
    public ReadOnlySpan<byte> Input(PixelType type) => MemoryMarshal.AsBytes(Pixels.AsSpan())[..(Pixels.Length * type.Size())];

    /// <param name="type">What the engine reads. Bytes are made here, on the thread that decoded the image, and where its floats were.</param>
    public void HandOver(PixelType type)
    {
        if (type == PixelType.Bytes) PixelBytes.Round(Pixels, MemoryMarshal.AsBytes(Pixels.AsSpan()));
        _state = Waiting;
    }

    /// <summary>The engine is about to run it: from here on it cannot be abandoned.</summary>
    /// <returns>False when nobody wants it any more.</returns>
    public bool TryBegin()
    {
        Waited = Stopwatch.GetElapsedTime(_admitted);
        return Interlocked.CompareExchange(ref _state, Begun, Waiting) == Waiting;
    }

    /// <summary>Nobody wants the result any more; without effect once the engine has begun.</summary>
    public void Abandon()
    {
        if (Interlocked.CompareExchange(ref _state, Abandoned, Waiting) == Waiting)
        {
            _result.TrySetCanceled();
        }
    }

    public void Succeed(ReadOnlyMemory<float> vector, TimeSpan inference, int batchSize) =>
        _result.TrySetResult(new BatchResult(vector, Waited, inference, batchSize));

    public void Fail(Exception exception) => _result.TrySetException(exception);

    /// <summary>The engine is done with it.</summary>
    public void GiveBack() => giveBack(this);

    public void Dispose()
    {
        if (_state == Filling)
        {
            GiveBack();
        }
    }
}
