using Grpc.Core;
using Spectre.Console;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>How a run went.</summary>
internal sealed record RunResult(Finished Finished, IReadOnlyList<Epoch> Epochs);

/// <summary>A run on the terminal: a line an epoch, a bar below them where someone watches, the result at the end.</summary>
internal static class RunDisplay
{
    /// <param name="terminal">Where to show it.</param>
    /// <param name="gateway">The Gateway.</param>
    /// <param name="run">The run, at any time of its life.</param>
    /// <param name="plot">A PNG of the curves to write; null: none.</param>
    /// <param name="cancellation">Ends the display, not the run.</param>
    /// <exception cref="CommandFailure">The run failed or was cancelled.</exception>
    public static async Task<RunResult> FollowAsync(
        Terminal terminal, TopfiveClient gateway, Run run, string? plot, CancellationToken cancellation)
    {
        var epochs = new List<Epoch>();
        var end = await ShowEpochsAsync(terminal, gateway, run, epochs, cancellation);
        if (plot is not null && epochs.Count > 0)
        {
            TrainingCurves.Save(plot, run.Head, epochs);
            terminal.Say($"Wrote {plot}");
        }

        if (end.EventCase == RunEvent.EventOneofCase.Failed)
        {
            throw Failed(run.RunId, epochs.Count, end);
        }

        var finished = end.Finished;
        if (finished.Epoch > 0 && finished.Epoch < epochs.Count)
        {
            terminal.Say($"Kept the weights of epoch {finished.Epoch}, whose validation loss was the lowest");
        }

        terminal.Say($"Version {finished.Version} of \"{finished.Head}\" {(finished.Promoted ? "is live" : "is there; it is not live")}");
        PromotionReport.Show(terminal, finished.Head, finished.Version, finished.PromotionDecision);
        if (finished.Evaluation is { ValidationExamples: > 0 } evaluation)
        {
            terminal.Say($"On {evaluation.ValidationExamples:N0} validation images: top-1 {evaluation.Accuracy:P1}, top-5 {evaluation.Top5Accuracy:P1}, log-loss {evaluation.LogLoss:F3}");
        }

        WarmStartReport.Show(terminal, run, finished);
        return new RunResult(finished, epochs);
    }

    /// <summary>The same without a word.</summary>
    /// <exception cref="CommandFailure">The run failed or was cancelled.</exception>
    public static async Task<RunResult> WaitAsync(TopfiveClient gateway, string runId, CancellationToken cancellation)
    {
        var epochs = new List<Epoch>();
        await foreach (var next in RunWatcher.WatchAsync(gateway, runId, cancellation))
        {
            if (next.Finished is { } finished)
            {
                return new RunResult(finished, epochs);
            }

            if (next.Epoch is not { } epoch)
            {
                throw Failed(runId, epochs.Count, next);
            }

            epochs.Add(epoch);
        }

        throw new CommandFailure($"Run {runId} ended without a result.");
    }

    private static CommandFailure Failed(string runId, int epochs, RunEvent end) =>
        new($"Run {runId} ended after {epochs} epochs. {RpcMessage.Of((StatusCode)end.Failed.Code, end.Failed.Message)}");

    private static async Task<RunEvent> ShowEpochsAsync(
        Terminal terminal, TopfiveClient gateway, Run run, List<Epoch> epochs, CancellationToken cancellation)
    {
        if (!terminal.IsInteractive)
        {
            return await ShowAsync(_ => { });
        }

        return await terminal.Out.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask("Training", maxValue: Math.Max(1, run.Recipe.Epochs));
                return ShowAsync(epoch => bar.Value = epoch);
            });

        async Task<RunEvent> ShowAsync(Action<int> advance)
        {
            await foreach (var next in RunWatcher.WatchAsync(gateway, run.RunId, cancellation))
            {
                if (next.EventCase != RunEvent.EventOneofCase.Epoch)
                {
                    return next;
                }

                epochs.Add(next.Epoch);
                terminal.Say($"{Line(next.Epoch, run.Recipe.Epochs)}");
                advance(next.Epoch.Epoch_);
            }

            throw new CommandFailure($"Run {run.RunId} ended without a result.");
        }
    }

    private static string Line(Epoch epoch, int of)
    {
        var line = $"epoch {epoch.Epoch_.ToString().PadLeft(of.ToString().Length)}/{of}  {epoch.Seconds:F1} s  loss {epoch.Loss:F4}  accuracy {epoch.Accuracy:F4}";
        if (epoch.HasValLoss)
        {
            line += $"  val_loss {epoch.ValLoss:F4}  val_accuracy {epoch.ValAccuracy:F4}  val_top5 {epoch.ValTop5Accuracy:F4}";
        }

        return line;
    }
}
