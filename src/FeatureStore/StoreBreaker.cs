using System.Diagnostics;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Topfive.FeatureStore;

/// <summary>
/// Whether the store answers. One probe at a time asks, and nobody else: while it gets no answer every command is refused at once, and
/// those that wait are let go, so that no call pays for a store that is away or hangs. What a command costs for it is one look, and a
/// registration for the time of its waiting. Docs: decision 0022.
/// </summary>
internal sealed class StoreBreaker : IAsyncDisposable
{
    /// <summary>Between probes while the store answers; a failed command brings the next one forward.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(1);

    /// <summary>Between probes while it does not.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromMilliseconds(200);

    private readonly ConnectionMultiplexer _multiplexer;
    private readonly TimeSpan _patience;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopped = new();
    private readonly SemaphoreSlim _suspected = new(0, 1);
    private readonly Task _probing;
    private volatile CancellationTokenSource _answering = new();
    private volatile RedisConnectionException? _why;
    private long _refused;

    /// <param name="multiplexer">The connection.</param>
    /// <param name="patience">A store that has not answered a probe for so long is away.</param>
    /// <param name="log">One line when it goes away, one when it is back.</param>
    public StoreBreaker(ConnectionMultiplexer multiplexer, TimeSpan patience, ILogger log)
    {
        (_multiplexer, _patience, _log) = (multiplexer, patience, log);
        _multiplexer.ConnectionFailed += OnChange;
        _multiplexer.ConnectionRestored += OnChange;
        _probing = Task.Run(ProbeAsync);
    }

    public bool IsOpen => _why is not null;

    /// <exception cref="RedisConnectionException">The store is away.</exception>
    public void ThrowIfOpen()
    {
        if (_why is not { } why) return;
        Interlocked.Increment(ref _refused);
        throw Failure(why.FailureType, why.Message);
    }

    /// <summary>The reply, or the end of waiting for it when the store is found to be away; what it throws goes to <see cref="Explain"/>.</summary>
    public Task<T> WaitAsync<T>(Task<T> reply) => reply.WaitAsync(_answering.Token);

    /// <returns>What to throw instead for a wait that was ended; null: the failure says it itself.</returns>
    public RedisConnectionException? Explain(Exception failure)
    {
        if (failure is OperationCanceledException)
        {
            return Failure(ConnectionFailureType.UnableToResolvePhysicalConnection, "the feature store went away before it answered");
        }

        if (!IsOpen && StoreFailure.IsAway(failure)) Suspect();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        _multiplexer.ConnectionFailed -= OnChange;
        _multiplexer.ConnectionRestored -= OnChange;
        await _stopped.CancelAsync();
        await _probing;
    }

    private void OnChange(object? sender, ConnectionFailedEventArgs change) => Suspect();

    /// <summary>Look now.</summary>
    private void Suspect()
    {
        // Already to be looked at where it is 1; two at once would find it full, which is as good.
        if (_suspected.CurrentCount > 0) return;
        try
        {
            _suspected.Release();
        }
        catch (SemaphoreFullException)
        {
        }
    }

    private async Task ProbeAsync()
    {
        var since = 0L;
        while (!_stopped.IsCancellationRequested)
        {
            var failure = await AskAsync();
            if (failure is not null && _why is null)
            {
                since = Stopwatch.GetTimestamp();
                await OpenAsync(failure);
            }
            else if (failure is null && _why is not null)
            {
                Close(Stopwatch.GetElapsedTime(since));
            }

            await PauseAsync(failure is null ? Calm : Away);
        }
    }

    private async Task OpenAsync(RedisConnectionException failure)
    {
        _log.LogWarning(
            "the feature store does not answer, so nothing asks it until it does; what needs no store goes on: {Reason}", failure.Message);
        _refused = 0;
        _why = failure;
        // Not on this thread, which has to look for the store.
        await _answering.CancelAsync();
    }

    private void Close(TimeSpan away)
    {
        _answering = new CancellationTokenSource();
        _why = null;
        _log.LogInformation("the feature store answers again, after {Seconds:F1} s and {Refused:N0} commands that were not sent", away.TotalSeconds, _refused);
    }

    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await _suspected.WaitAsync(pause, _stopped.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <returns>Null when a primary answers: of a cluster one is enough, and the others' keys fail one by one.</returns>
    private async Task<RedisConnectionException?> AskAsync()
    {
        var began = Stopwatch.GetTimestamp();
        try
        {
            var primaries = _multiplexer.GetServers().Where(server => !server.IsReplica).ToArray();
            var replies = primaries.Select(server => server.PingAsync()).ToList();
            var first = await FirstAnswerAsync(replies).WaitAsync(_patience, _stopped.Token);
            return first is null ? null : Failure(ConnectionFailureType.UnableToConnect, first.Message);
        }
        catch (TimeoutException)
        {
            // Who was late itself, on a machine that pauses or has no thread to spare, is no judge.
            if (_why is null && Stopwatch.GetElapsedTime(began) > 1.25 * _patience) return null;
            return Failure(ConnectionFailureType.UnableToResolvePhysicalConnection, $"it is connected, and has not answered for {_patience.TotalSeconds:F1} s (Store__PatienceMilliseconds)");
        }
        catch (OperationCanceledException)
        {
            return _why;
        }
        catch (Exception exception) when (StoreFailure.Is(exception) || exception is ObjectDisposedException)
        {
            return Failure(ConnectionFailureType.UnableToConnect, exception.Message);
        }
    }

    private static RedisConnectionException Failure(ConnectionFailureType type, string message) =>
        new(type, CommandFlags.None, message, innerException: null, CommandStatus.Unknown);

    private static async Task<Exception?> FirstAnswerAsync(List<Task<TimeSpan>> replies)
    {
        Exception? failure = null;
        while (replies.Count > 0)
        {
            var reply = await Task.WhenAny(replies);
            replies.Remove(reply);
            if (reply.Exception?.InnerException is not { } exception || !StoreFailure.IsAway(exception)) return null;
            failure = exception;
        }

        return failure ?? new TimeoutException("no primary is known");
    }
}
