using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace Topfive.Client;

internal static class AsyncEnumerableExtensions
{
    /// <summary>
    /// What is there already, together: while the reader is busy with a batch the next one comes in, to the limit, and a source that is slow is not waited
    /// for.
    /// </summary>
    /// <param name="source">Read on ahead, to the limit.</param>
    /// <param name="limit">Items of a batch, and items read on ahead.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async IAsyncEnumerable<IReadOnlyList<T>> ReadyAsync<T>(
        this IAsyncEnumerable<T> source, int limit, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ready = Channel.CreateBounded<T>(limit);
        var reading = ReadAsync();
        try
        {
            while (await ready.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
            {
                var batch = new List<T>();
                while (batch.Count < limit && ready.Reader.TryRead(out var item)) batch.Add(item);
                yield return batch;
            }

            await reading.ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task ReadAsync()
        {
            Exception? failure = null;
            try
            {
                await foreach (var item in source.WithCancellation(stop.Token).ConfigureAwait(false))
                {
                    await ready.Writer.WriteAsync(item, stop.Token).ConfigureAwait(false);
                }
            }
            catch (Exception thrown)
            {
                failure = thrown;
            }

            ready.Writer.TryComplete(failure);
        }
    }
}
