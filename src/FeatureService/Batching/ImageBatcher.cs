using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>
/// A bounded queue of images before the engine. The engine's thread takes what is waiting, up to a full batch, and runs
/// it at once: no image ever waits for company. Interactive images go first and have places of their own, so that
/// whatever bulk work there is, one of up to a full batch of them waits for the batch that is running and rides in the next.
/// </summary>
internal sealed class ImageBatcher(IOptions<BatchingOptions> options, ILogger<ImageBatcher> log) : IDisposable
{
    private readonly int _maxBatchSize = options.Value.MaxBatchSize;
    private readonly int _capacity = options.Value.QueueCapacity;
    private readonly int _bulkCapacity = options.Value.BulkCapacity;
    private readonly SemaphoreSlim _bulkPlaces = new(options.Value.BulkCapacity);
    private readonly WaitingItems _waiting = new();
    private readonly ConcurrentBag<float[]> _spareBuffers = [];
    private IEngine? _engine;
    private Thread? _thread;
    private int _admitted;
    private long _lastRunTicks;
    private long _refused;
    private volatile bool _stopping;

    /// <summary>After each run of the engine, on its thread: images in the batch, and the time of the run.</summary>
    public event Action<int, TimeSpan>? Ran;

    /// <summary>Interactive images refused so far because the queue was full.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    public int WaitingFor(Urgency urgency) => _waiting.CountOf(urgency);

    /// <summary>Images accepted and not finished.</summary>
    public int InFlightOf(Urgency urgency) => urgency == Urgency.Interactive ? Volatile.Read(ref _admitted) : _bulkCapacity - _bulkPlaces.CurrentCount;

    public int CapacityOf(Urgency urgency) => urgency == Urgency.Interactive ? _capacity : _bulkCapacity;

    /// <summary>The engine's thread begins; the engine is disposed with the batcher.</summary>
    public void Start(IEngine engine)
    {
        _engine = engine;
        _thread = new Thread(() => Work(engine)) { IsBackground = true, Name = "engine" };
        _thread.Start();
    }

    /// <summary>Takes a place in the queue before any work is done for the image.</summary>
    /// <exception cref="Failure">QueueFull (interactive only), or Unavailable before <see cref="Start"/>.</exception>
    public async ValueTask<BatchItem> AdmitAsync(Urgency urgency, CancellationToken cancellation)
    {
        var engine = _engine ?? throw Failure.Unavailable("the engine has not started yet");
        if (urgency == Urgency.Bulk)
        {
            await _bulkPlaces.WaitAsync(cancellation);
        }
        else if (Interlocked.Increment(ref _admitted) > _capacity)
        {
            Interlocked.Decrement(ref _admitted);
            Interlocked.Increment(ref _refused);
            throw Failure.QueueFull($"the queue is full: {_capacity:N0} images are being worked on (Batching__QueueCapacity)", RetryAfter());
        }

        return new BatchItem(urgency, _spareBuffers.TryTake(out var buffer) ? buffer : new float[engine.PixelsLength], GiveBack);
    }

    /// <summary>Waits for the engine to run the item, whose pixels are filled.</summary>
    public async Task<BatchResult> RunAsync(BatchItem item, CancellationToken cancellation)
    {
        item.HandOver();
        _waiting.Add(item);
        await using var abandoning = cancellation.UnsafeRegister(static item => ((BatchItem)item!).Abandon(), item);
        return await item.Result;
    }

    public void Dispose()
    {
        _stopping = true;
        _waiting.Complete();
        _thread?.Join();
        _engine?.Dispose();
        _waiting.Dispose();
        _bulkPlaces.Dispose();
    }

    private void Work(IEngine engine)
    {
        var batch = new List<BatchItem>(_maxBatchSize);
        var pixels = new float[_maxBatchSize * engine.PixelsLength];
        while (_waiting.Take(out var first))
        {
            AddOrSkip(batch, first);
            while (batch.Count < _maxBatchSize && _waiting.TryTake(out var next))
            {
                AddOrSkip(batch, next);
            }

            if (batch.Count > 0)
            {
                Run(engine, batch, pixels);
                batch.Clear();
            }
        }
    }

    private void AddOrSkip(List<BatchItem> batch, BatchItem item)
    {
        if (!item.TryBegin())
        {
            item.GiveBack();
        }
        else if (_stopping)
        {
            item.Fail(Failure.Unavailable("the service is stopping"));
            item.GiveBack();
        }
        else
        {
            batch.Add(item);
        }
    }

    private void Run(IEngine engine, List<BatchItem> batch, float[] pixels)
    {
        try
        {
            for (var row = 0; row < batch.Count; row++)
            {
                batch[row].Pixels.CopyTo(pixels, row * engine.PixelsLength);
            }

            // Fresh for each batch, because the vectors go on from here as parts of it, uncopied.
            var vectors = new float[batch.Count * engine.Dimensions];
            var began = Stopwatch.GetTimestamp();
            engine.Run(pixels.AsMemory(0, batch.Count * engine.PixelsLength), batch.Count, vectors);
            var inference = Stopwatch.GetElapsedTime(began);
            Volatile.Write(ref _lastRunTicks, inference.Ticks);
            Ran?.Invoke(batch.Count, inference);
            for (var row = 0; row < batch.Count; row++)
            {
                batch[row].Succeed(vectors.AsMemory(row * engine.Dimensions, engine.Dimensions), inference, batch.Count);
            }
        }
        catch (Exception exception)
        {
            log.LogError(exception, "a batch of {Images} images failed", batch.Count);
            batch.ForEach(item => item.Fail(exception));
        }
        finally
        {
            batch.ForEach(item => item.GiveBack());
        }
    }

    private void GiveBack(BatchItem item)
    {
        // After a burst the rest of the buffers is left to the garbage collector.
        if (_spareBuffers.Count < 4 * _maxBatchSize)
        {
            _spareBuffers.Add(item.Pixels);
        }

        if (item.Urgency == Urgency.Bulk)
        {
            _bulkPlaces.Release();
        }
        else
        {
            Interlocked.Decrement(ref _admitted);
        }
    }

    /// <summary>When half of what is waiting now will be done.</summary>
    private TimeSpan RetryAfter()
    {
        var batches = Math.Max(1, _capacity / _maxBatchSize / 2);
        var hint = new TimeSpan(Volatile.Read(ref _lastRunTicks)) * batches;
        return hint < TimeSpan.FromMilliseconds(50) ? TimeSpan.FromMilliseconds(50) : hint;
    }
}
