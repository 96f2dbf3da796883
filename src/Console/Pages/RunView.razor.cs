using System.Diagnostics;
using Grpc.Core;
using Microsoft.AspNetCore.Components;
using Topfive.Classifier.V1;

namespace Topfive.Consoles;

/// <summary>One run, watched: every epoch so far, then each as it ends.</summary>
public sealed partial class RunView
{
    /// <summary>A run of thousands of short epochs is drawn no more often.</summary>
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(100);

    private readonly List<Epoch> _epochs = [];
    private Run? _run;
    private RunState _state;
    private Finished? _finished;
    private string? _outcome;

    [Parameter, EditorRequired]
    public string RunId { get; set; } = "";

    public static string Address(string runId) => $"/console/train?run={Uri.EscapeDataString(runId)}";

    protected override async Task OnInitializedAsync()
    {
        if (!await TryAsync(async () => _run = await Session.Training.GetRunAsync(new GetRunRequest { RunId = RunId }, cancellationToken: Left))) return;
        _state = _run!.State;
        _ = InvokeAsync(() => TryAsync(WatchAsync));
    }

    private async Task WatchAsync()
    {
        try
        {
            using var watching = Session.Training.WatchRun(new WatchRunRequest { RunId = RunId }, cancellationToken: Left);
            var drawn = 0L;
            while (await watching.ResponseStream.MoveNext(Left))
            {
                Take(watching.ResponseStream.Current);
                if (Stopwatch.GetElapsedTime(drawn) < Redraw) continue;
                drawn = Stopwatch.GetTimestamp();
                StateHasChanged();
            }
        }
        finally
        {
            if (!Left.IsCancellationRequested) StateHasChanged();
        }
    }

    private void Take(RunEvent happened)
    {
        switch (happened.EventCase)
        {
            case RunEvent.EventOneofCase.Epoch:
                _epochs.Add(happened.Epoch);
                _state = RunState.Running;
                break;
            case RunEvent.EventOneofCase.Finished:
                (_state, _finished) = (RunState.Succeeded, happened.Finished);
                _outcome = OutcomeOf(happened.Finished);
                break;
            case RunEvent.EventOneofCase.Failed:
                _state = happened.Failed.Code == (int)StatusCode.Cancelled ? RunState.Cancelled : RunState.Failed;
                _outcome = Words.Sentence(happened.Failed.Message);
                break;
        }
    }

    private static string OutcomeOf(Finished finished)
    {
        var version = $"Version {finished.Version} {(finished.Promoted ? "is live" : "is there, and not live")}";
        var figures = finished.Evaluation is { ValidationExamples: > 0 } measured
            ? $": {Words.Percent(measured.Accuracy)} of {Words.Number(measured.ValidationExamples)} validation images right, {Words.Percent(measured.Top5Accuracy)} among its five"
            : "";
        return $"{version}{figures}.{(finished.PromotionDecision is { } decision ? $" {Words.Sentence(decision.Reason)}" : "")}";
    }

    private async Task CancelAsync() => await TryAsync(async () => await Session.Training.CancelRunAsync(new CancelRunRequest { RunId = RunId }, cancellationToken: Left));

    private IReadOnlyList<double> Of(Func<Epoch, float> figure) => [.. _epochs.Select(epoch => (double)figure(epoch))];

    private IReadOnlyList<double> OfValidation(Func<Epoch, float> figure) => [.. _epochs.Where(epoch => epoch.HasValLoss).Select(epoch => (double)figure(epoch))];
}
