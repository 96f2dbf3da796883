using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>The runs that this process has in hand, in the order in which they came.</summary>
internal sealed class RunQueue(RunStore runs, RunLeases leases, HeadStore heads, IOptions<TrainingOptions> options)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<string, ActiveRun> _active = new(StringComparer.Ordinal);

    // Bounded by the places.
    private readonly Channel<ActiveRun> _waiting = Channel.CreateUnbounded<ActiveRun>();
    private int _places = options.Value.QueueCapacity;

    public ICollection<ActiveRun> Active => _active.Values;

    public int Waiting => _waiting.Reader.Count;

    /// <exception cref="Failure">RESOURCE_EXHAUSTED when the queue is full; nothing is stored then.</exception>
    public async Task AddAsync(Run run)
    {
        TakePlace();
        var active = new ActiveRun(run);
        try
        {
            await leases.TakeAsync(run.RunId);
            await heads.PermitAsync(run.Head, run.RunId);
            await runs.SaveAsync(run);
        }
        catch
        {
            Interlocked.Increment(ref _places);
            active.Dispose();
            throw;
        }

        _active[run.RunId] = active;
        _waiting.Writer.TryWrite(active);
    }

    public async Task<ActiveRun> NextAsync(CancellationToken cancellation)
    {
        var next = await _waiting.Reader.ReadAsync(cancellation);
        Interlocked.Increment(ref _places);
        return next;
    }

    public bool TryFind(string runId, [NotNullWhen(true)] out ActiveRun? active) => _active.TryGetValue(runId, out active);

    public void Remove(ActiveRun active) => _active.TryRemove(active.Run.RunId, out _);

    private void TakePlace()
    {
        if (Interlocked.Decrement(ref _places) >= 0) return;
        Interlocked.Increment(ref _places);
        throw Failure.QueueFull(
            $"{options.Value.QueueCapacity} runs wait already, which is the limit (Training__QueueCapacity): start this one when one of them has ended", RetryAfter);
    }
}
