using Microsoft.Extensions.Options;

namespace Topfive.ClassifierService;

/// <summary>Takes runs from the queue, as many at a time as Training__ConcurrentRuns says; when the service stops, ends those that are left.</summary>
internal sealed class RunWorker(RunQueue queue, RunExecutor executor, IOptions<TrainingOptions> options) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.WhenAll(Enumerable.Range(0, options.Value.ConcurrentRuns).Select(_ => WorkAsync(stoppingToken)));
        var stopped = new OperationCanceledException(stoppingToken);
        foreach (var active in queue.Active.Where(active => active.TryTake())) await executor.TryEndAsync(active, stopped);
    }

    private async Task WorkAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                var active = await queue.NextAsync(stopping);
                if (!active.TryTake()) continue;
                await executor.ExecuteAsync(active, stopping);
                queue.Remove(active);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }
}
