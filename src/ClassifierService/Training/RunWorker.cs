namespace Topfive.ClassifierService;

/// <summary>Takes runs from the queue, one at a time; when the service stops, ends those that are left.</summary>
internal sealed class RunWorker(RunQueue queue, RunExecutor executor) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var active = await queue.NextAsync(stoppingToken);
                if (!active.TryTake()) continue;
                await executor.ExecuteAsync(active, stoppingToken);
                queue.Remove(active);
            }
        }
        catch (OperationCanceledException stopped) when (stoppingToken.IsCancellationRequested)
        {
            foreach (var active in queue.Active.Where(active => active.TryTake())) await executor.EndAsync(active, stopped);
        }
    }
}
