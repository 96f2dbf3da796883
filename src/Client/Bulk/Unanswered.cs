using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Topfive.Client;

/// <summary>The requests of a stream that have no answer yet, by ids that no two of them share; no more than so many.</summary>
internal sealed class Unanswered<TRequest>(Func<TRequest, string> idOf, Func<TRequest, string, TRequest> named, int limit) : IDisposable
    where TRequest : class
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _places = new(limit);
    private readonly OrderedDictionary<string, (TRequest Request, string Id)> _requests = [];
    private Channel<TRequest> _toSend = Channel.CreateUnbounded<TRequest>();
    private bool _isAll;

    public bool IsEmpty
    {
        get
        {
            lock (_lock)
            {
                return _isAll && _requests.Count == 0;
            }
        }
    }

    /// <summary>Takes requests in while there are places, to the last one.</summary>
    public async Task FillAsync(IAsyncEnumerable<TRequest> requests, CancellationToken cancellation)
    {
        await _places.WaitAsync(cancellation).ConfigureAwait(false);
        await foreach (var request in requests.WithCancellation(cancellation).ConfigureAwait(false))
        {
            Add(request);
            await _places.WaitAsync(cancellation).ConfigureAwait(false);
        }

        lock (_lock)
        {
            _isAll = true;
            EndWhenAllIsAnswered();
        }
    }

    /// <summary>Everything that has no answer, oldest first, then what comes; it ends when all is answered. The sequence before ends.</summary>
    public IAsyncEnumerable<TRequest> FromTheFirst()
    {
        lock (_lock)
        {
            _toSend.Writer.TryComplete();
            _toSend = Channel.CreateUnbounded<TRequest>();
            foreach (var (request, _) in _requests.Values) _toSend.Writer.TryWrite(request);
            EndWhenAllIsAnswered();
            return _toSend.Reader.ReadAllAsync(CancellationToken.None);
        }
    }

    /// <param name="unique">The id that the request went under.</param>
    /// <param name="id">The caller's own.</param>
    /// <returns>False: it is answered already.</returns>
    public bool Answer(string unique, [NotNullWhen(true)] out string? id)
    {
        lock (_lock)
        {
            if (!_requests.Remove(unique, out var answered))
            {
                id = null;
                return false;
            }

            id = answered.Id;
            EndWhenAllIsAnswered();
        }

        _places.Release();
        return true;
    }

    public void Dispose() => _places.Dispose();

    private void Add(TRequest request)
    {
        lock (_lock)
        {
            var id = idOf(request);
            var unique = id;
            for (var i = 2; _requests.ContainsKey(unique); i++) unique = $"{id} ({i})";
            var sent = unique == id ? request : named(request, unique);
            _requests.Add(unique, (sent, id));
            _toSend.Writer.TryWrite(sent);
        }
    }

    private void EndWhenAllIsAnswered()
    {
        if (_isAll && _requests.Count == 0) _toSend.Writer.TryComplete();
    }
}
