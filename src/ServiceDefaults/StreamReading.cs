using System.Runtime.CompilerServices;
using Grpc.Core;

namespace Topfive.ServiceDefaults;

/// <summary>A caller's stream, read to its end or until the service stops, whichever comes first.</summary>
public sealed class StreamReading<TRequest>(IAsyncStreamReader<TRequest> requests, Draining draining)
{
    /// <summary>True: the service stops, and what the caller sent after the last message has not been looked at.</summary>
    public bool IsCutOff { get; private set; }

    public async IAsyncEnumerable<TRequest> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, draining.StreamsEnd);
        while (await MoveNextAsync(either.Token, cancellation))
        {
            yield return requests.Current;
        }
    }

    private async Task<bool> MoveNextAsync(CancellationToken either, CancellationToken caller)
    {
        try
        {
            return await requests.MoveNext(either);
        }
        catch (Exception) when (either.IsCancellationRequested && !caller.IsCancellationRequested)
        {
            IsCutOff = true;
            return false;
        }
    }
}
