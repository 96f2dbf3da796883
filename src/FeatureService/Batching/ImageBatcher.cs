using System.Collections.Concurrent;
using System.Diagnostics;
using Topfive.ServiceDefaults;

namespace Topfive.FeatureService;

/// <summary>
/// A bounded queue of images before the engines. Each engine's thread takes what is waiting, up to a full batch, and runs
/// it at once: no image ever waits for company. Interactive images go first and have places of their own, so that
/// whatever bulk work there is, one of up to a full batch of them waits for the batch that is running and rides in the next.
/// </summary>
internal sealed class ImageBatcher(ILogger<ImageBatcher> log) : IDisposable
{
    private readonly WaitingItems _waiting = new();
    private readonly ConcurrentBag<float[]> _spareBuffers = [];
    private volatile Running? _running;
    private int _admitted;
    private long _lastRunTicks;
    private long _refused;
    private volatile bool _stopping;

    /// <summary>After each run of an engine, on its thread: images in the batch, and the time of the run.</summary>
    public event Action<int, TimeSpan>? Ran;

    /// <summary>Interactive images refused so far because the queue was full.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    public int WaitingFor(Urgency urgency) => _waiting.CountOf(urgency);

    /// <summary>Images accepted and not finished.</summary>
    public int InFlightOf(Urgency urgency) => urgency == Urgency.Interactive
        ? Volatile.Read(ref _admitted)
        : _running is { } running ? running.Limits.BulkCapacity - running.BulkPlaces.CurrentCount : 0;

    /// <summary>0 before <see cref="Start"/>.</summary>
    public int CapacityOf(Urgency urgency) =>
        (urgency == Urgency.Interactive ? _running?.Limits.QueueCapacity : _running?.Limits.BulkCapacity) ?? 0;

    /// <summary>A thread an engine begins; the engines are disposed with the batcher.</summary>
    /// <param name="engines">One at least, of the same backbone.</param>
    /// <param name="limits">Batches no larger than the engines take.</param>
    public void Start(IReadOnlyList<IEngine> engines, BatchLimits limits)
    {
        var threads = engines.Select((engine, i) => new Thread(() => Work(engine, limits.MaxBatchSize)) { IsBackground = true, Name = $"engine {i}" }).ToArray();
        _running = new Running(engines, threads, limits, new SemaphoreSlim(limits.BulkCapacity));
        Array.ForEach(threads, thread => thread.Start());
    }

    /// <summary>Takes a place in the queue before any work is done for the image.</summary>
    /// <exception cref="Failure">QueueFull (interactive only), or Unavailable before <see cref="Start"/>.</exception>
    public async ValueTask<BatchItem> AdmitAsync(Urgency urgency, CancellationToken cancellation)
    {
        var running = _running ?? throw Failure.Unavailable("the engine has not started yet");
        if (urgency == Urgency.Bulk)
        {
            await running.BulkPlaces.WaitAsync(cancellation);
        }
        else if (Interlocked.Increment(ref _admitted) > running.Limits.QueueCapacity)
        {
            Interlocked.Decrement(ref _admitted);
            Interlocked.Increment(ref _refused);
            throw Failure.QueueFull(
                $"the queue is full: {running.Limits.QueueCapacity:N0} images are being worked on (Batching__QueueCapacity)", RetryAfter(running));
        }

        return new BatchItem(urgency, _spareBuffers.TryTake(out var buffer) ? buffer : new float[running.Engine.PixelsLength], GiveBack);
    }

    /// <summary>Waits for an engine to run the item, whose pixels are filled.</summary>
    public async Task<BatchResult> RunAsync(BatchItem item, CancellationToken cancellation)
    {
        item.HandOver(_running!.Engine.Pixels);
        _waiting.Add(item);
        await using var abandoning = cancellation.UnsafeRegister(static item => ((BatchItem)item!).Abandon(), item);
        return await item.Result;
    }

    public void Dispose()
    {
        _stopping = true;
        _waiting.Complete();
        _running?.Dispose();
        _waiting.Dispose();
    }

    private void Work(IEngine engine, int maxBatchSize)
    {
        var batch = new List<BatchItem>(maxBatchSize);
        while (_waiting.Take(out var first))
        {
            AddOrSkip(batch, first);
            while (batch.Count < maxBatchSize && _waiting.TryTake(out var next))
            {
                AddOrSkip(batch, next);
            }

            if (batch.Count > 0)
            {
                Run(engine, batch);
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

    private void Run(IEngine engine, List<BatchItem> batch)
    {
        try
        {
            for (var row = 0; row < batch.Count; row++)
            {
                batch[row].Input(engine.Pixels).CopyTo(engine.Input(row));
            }

            // Fresh for each batch, because the vectors go on from here as parts of it, uncopied.
            var vectors = new float[batch.Count * engine.Dimensions];
            var began = Stopwatch.GetTimestamp();
            engine.Run(batch.Count, vectors);
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
        var running = _running!;
        if (_spareBuffers.Count < running.Engines.Count * 4 * running.Limits.MaxBatchSize)
        {
            _spareBuffers.Add(item.Pixels);
        }

        if (item.Urgency == Urgency.Bulk)
        {
            running.BulkPlaces.Release();
        }
        else
        {
            Interlocked.Decrement(ref _admitted);
        }
    }

    /// <summary>When half of what is waiting now will be done.</summary>
    private TimeSpan RetryAfter(Running running)
    {
        var batches = Math.Max(1, running.Limits.QueueCapacity / running.Limits.MaxBatchSize / running.Engines.Count / 2);
        var hint = new TimeSpan(Volatile.Read(ref _lastRunTicks)) * batches;
        return hint < TimeSpan.FromMilliseconds(50) ? TimeSpan.FromMilliseconds(50) : hint;
    }

    private sealed record Running(IReadOnlyList<IEngine> Engines, Thread[] Threads, BatchLimits Limits, SemaphoreSlim BulkPlaces) : IDisposable
    {
        /// <summary>Any: all are of the same backbone.</summary>
        public IEngine Engine => Engines[0];

        public void Dispose()
        {
            foreach (var thread in Threads) thread.Join();
            foreach (var engine in Engines) engine.Dispose();
            BulkPlaces.Dispose();
        }
    }
}
