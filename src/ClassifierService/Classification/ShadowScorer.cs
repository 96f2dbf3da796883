using System.Buffers;
using System.Collections.Frozen;
using System.Threading.Channels;
using Google.Protobuf;
using Microsoft.Extensions.Options;
using Topfive.Classifier.V1;
using Topfive.FeatureStore;
using Topfive.ServiceDefaults;

namespace Topfive.ClassifierService;

/// <summary>
/// Has every answer of a live version scored by the head's shadows as well, behind the caller's back: the call itself only
/// leaves its request and its response in a bounded queue, copies nothing and waits for nothing.
/// </summary>
internal sealed class ShadowScorer(
    ShadowStore store, HeadCache heads, VectorStore vectors, IOptions<ServingOptions> options, ILogger<ShadowScorer> log) : BackgroundService
{
    private readonly ShadowTally _tally = new(store);
    private readonly Channel<(ShadowedHead Head, ClassifyRequest Request, ClassifyResponse Response)> _waiting =
        Channel.CreateBounded<(ShadowedHead, ClassifyRequest, ClassifyResponse)>(new BoundedChannelOptions(options.Value.ShadowQueueCapacity) { SingleReader = true });

    private FrozenDictionary<string, ShadowedHead> _shadowed = FrozenDictionary<string, ShadowedHead>.Empty;

    /// <summary>On the way of every call: as good as nothing for a head without shadows, and a place in the queue for others.</summary>
    public void Offer(ClassifyRequest request, ClassifyResponse response)
    {
        if (!_shadowed.TryGetValue(request.Head, out var head) || _waiting.Writer.TryWrite((head, request, response))) return;
        head.Drop(response.Version);
    }

    /// <summary>Looks which heads have shadows now.</summary>
    public async Task RefreshAsync()
    {
        var known = _shadowed;
        _shadowed = (await store.ListAsync()).ToFrozenDictionary(
            head => head.Key,
            head => known.TryGetValue(head.Key, out var same) && same.Shadows.SequenceEqual(head.Value) ? same : new ShadowedHead(head.Value),
            StringComparer.Ordinal);
        foreach (var (name, head) in known)
        {
            if (_shadowed.GetValueOrDefault(name) != head) Count(name, head);
        }
    }

    /// <summary>Writes down what was counted so far.</summary>
    public async Task FlushAsync()
    {
        foreach (var (name, head) in _shadowed) Count(name, head);
        await _tally.FlushAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) => await Task.WhenAll(
        ScoreAsync(stoppingToken),
        RepeatAsync(options.Value.RecheckMilliseconds, RefreshAsync, stoppingToken),
        RepeatAsync(options.Value.ShadowFlushMilliseconds, FlushAsync, stoppingToken));

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await FlushAsync();
        }
        catch (Exception exception) when (StoreFailure.Is(exception))
        {
            log.LogWarning("what the shadows counted last is lost: {Reason}", exception.Message);
        }
    }

    private async Task RepeatAsync(int milliseconds, Func<Task> action, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(milliseconds));
        try
        {
            do
            {
                try
                {
                    await action();
                }
                catch (Exception exception) when (StoreFailure.Is(exception))
                {
                    if (!StoreFailure.IsAway(exception)) log.LogWarning("cannot look after the shadows: {Reason}", exception.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task ScoreAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var (head, request, response) in _waiting.Reader.ReadAllAsync(stopping))
            {
                foreach (var shadow in head.Shadows)
                {
                    var of = new AgreementKey(response.Version, shadow.Head, shadow.Version);
                    _tally.Add(request.Head, of, await ScoreAsync(shadow, request, response));
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task<AgreementCounts> ScoreAsync(HeadVersion named, ClassifyRequest request, ClassifyResponse response)
    {
        try
        {
            var shadow = await heads.GetAsync(named.Head, named.Version);
            if (shadow.BackboneFingerprint != response.BackboneFingerprint) return new AgreementCounts { Failed = 1 };
            if (request.InputCase == ClassifyRequest.InputOneofCase.Vector)
            {
                return Compare(shadow, UnsafeCollectionOperations.AsSpan(request.Vector.Values), response);
            }

            using var stored = ImageHash.TryRead(request.ImageHash.Span, out var image) ? await vectors.GetAsync(shadow.BackboneFingerprint, image) : null;
            return stored is null ? new AgreementCounts { Failed = 1 } : Compare(shadow, stored.Values, response);
        }
        catch (Exception exception) when (exception is Failure or InvalidDataException || StoreFailure.Is(exception))
        {
            return new AgreementCounts { Failed = 1 };
        }
    }

    private static AgreementCounts Compare(ServingHead shadow, ReadOnlySpan<float> vector, ClassifyResponse response)
    {
        var labels = shadow.Labels;
        var buffer = ArrayPool<float>.Shared.Rent(labels.Count);
        try
        {
            var probabilities = buffer.AsSpan(0, labels.Count);
            shadow.Score(vector, probabilities);
            Span<int> best = stackalloc int[1];
            TopLabels.Find(probabilities, best);

            var live = response.Predictions[0];
            var same = IndexOf(live, labels);
            var difference = Math.Abs(live.Probability - (same < 0 ? 0 : probabilities[same]));
            return new AgreementCounts { Calls = 1, Agreements = best[0] == same ? 1 : 0, DifferenceMillionths = (long)Math.Round(difference * 1e6) };
        }
        finally
        {
            ArrayPool<float>.Shared.Return(buffer);
        }
    }

    /// <returns>The label's place among the shadow's; -1 when it does not know it.</returns>
    private static int IndexOf(Prediction live, IReadOnlyList<string> labels)
    {
        if (live.Index < labels.Count && labels[live.Index] == live.Label) return live.Index;
        for (var index = 0; index < labels.Count; index++)
        {
            if (labels[index] == live.Label) return index;
        }

        return -1;
    }

    private void Count(string name, ShadowedHead head)
    {
        var (dropped, liveVersion) = head.TakeDropped();
        if (dropped == 0) return;
        foreach (var shadow in head.Shadows)
        {
            _tally.Add(name, new AgreementKey(liveVersion, shadow.Head, shadow.Version), new AgreementCounts { Dropped = dropped });
        }
    }

    /// <summary>A head's shadows, and how many of its calls found the queue full since somebody asked.</summary>
    private sealed class ShadowedHead(IReadOnlyList<HeadVersion> shadows)
    {
        private long _dropped;
        private long _liveVersion;

        public IReadOnlyList<HeadVersion> Shadows => shadows;

        public void Drop(long liveVersion)
        {
            Volatile.Write(ref _liveVersion, liveVersion);
            Interlocked.Increment(ref _dropped);
        }

        public (long Dropped, long LiveVersion) TakeDropped() => (Interlocked.Exchange(ref _dropped, 0), Volatile.Read(ref _liveVersion));
    }
}
