using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Topfive.FeatureStore;

namespace Topfive.ClassifierService;

/// <summary>
/// Brings promotions into this replica's memory: at once by the store's message, and by a look every half second in
/// case a message was lost.
/// </summary>
internal sealed class LiveHeadWatcher(
    HeadStore store, HeadCache cache, IOptions<ServingOptions> options, ILogger<LiveHeadWatcher> log) : BackgroundService
{
    // Room for one: a look sees all that happened before it.
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var subscription = default(IAsyncDisposable);
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    subscription ??= await store.SubscribeLiveChangesAsync(_ => _changed.Writer.TryWrite(true));
                    await cache.RecheckAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is InvalidDataException || StoreFailure.Is(exception))
                {
                    if (!StoreFailure.IsAway(exception)) log.LogWarning("cannot look which heads are live; those in memory serve on: {Reason}", exception.Message);
                }

                await WaitForChangeAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            if (subscription is not null) await subscription.DisposeAsync();
        }
    }

    private async Task WaitForChangeAsync(CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(options.Value.RecheckMilliseconds);
        try
        {
            await _changed.Reader.ReadAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
        }
    }
}
