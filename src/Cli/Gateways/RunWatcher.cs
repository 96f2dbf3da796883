using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>Follows a run to its end, over broken connections too: every watch tells all epochs again.</summary>
internal static class RunWatcher
{
    private const int Attempts = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Each epoch once, then the event that ends the run.</summary>
    public static async IAsyncEnumerable<RunEvent> WatchAsync(
        TopfiveClient gateway, string runId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var seen = 0;
        var failures = 0;
        while (true)
        {
            using var call = gateway.Training.WatchRun(new WatchRunRequest { RunId = runId }, cancellationToken: cancellation);
            while (await NextAsync(call.ResponseStream, failures, cancellation) is { } next)
            {
                if (next.EventCase != RunEvent.EventOneofCase.Epoch)
                {
                    yield return next;
                    yield break;
                }

                if (next.Epoch.Epoch_ > seen)
                {
                    seen = next.Epoch.Epoch_;
                    failures = 0;
                    yield return next;
                }
            }

            failures++;
            await Task.Delay(Pause, cancellation);
        }
    }

    /// <returns>Null when the connection broke and another attempt is due.</returns>
    private static async Task<RunEvent?> NextAsync(IAsyncStreamReader<RunEvent> events, int failures, CancellationToken cancellation)
    {
        try
        {
            if (await events.MoveNext(cancellation))
            {
                return events.Current;
            }
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.Unavailable && failures < Attempts)
        {
            return null;
        }

        return failures < Attempts ? null : throw new CommandFailure("The Gateway keeps ending the watch before the run's end.");
    }
}
