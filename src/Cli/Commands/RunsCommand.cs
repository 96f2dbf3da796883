using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive runs</c>: the trainings, and each of them by its id.</summary>
internal sealed class RunsCommand : GatewayCommand
{
    private readonly Option<string?> _head = new("--head") { Description = "Only runs of this head" };

    public RunsCommand(Terminal terminal) : base("runs", "Lists the training runs, newest first.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Options.Add(_head);
        Subcommands.Add(new ShowCommand(terminal));
        Subcommands.Add(new CancelCommand(terminal));
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new ListRunsRequest { Head = parsed.GetValue(_head) ?? "" };
        var response = await gateway.Training.ListRunsAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response.Runs);
        var table = Terminal.Table("run", "state", "dataset", "head", "epochs", "version", "created", "took");
        foreach (var run in response.Runs)
        {
            table.Row(
                run.RunId, RpcMessage.Name(run.State), run.Dataset, run.Head, $"{run.EpochsDone}/{run.Recipe?.Epochs}",
                run.Version == 0 ? "" : $"{run.Version}", TextTable.Local(run.Created), Took(run));
        }

        table.Show();
        return 0;
    }

    private static string Took(Run run) =>
        run.Started is null || run.Ended is null ? "" : $"{(run.Ended - run.Started).ToTimeSpan().TotalSeconds:F1} s";

    private static Argument<string> RunArgument() => new("run") { Description = "The run's id, as `topfive runs` lists it" };

    /// <summary><c>topfive runs show</c>: every epoch so far, then live, and at the end what came out.</summary>
    private sealed class ShowCommand : GatewayCommand
    {
        private readonly Argument<string> _run = RunArgument();
        private readonly Option<string?> _plot = new("--plot") { Description = "Write loss and accuracy by epoch as a PNG" };
        private readonly EvaluationOptions _evaluation = new();

        public ShowCommand(Terminal terminal) : base("show", "Shows a run's epochs, live until its end, and its evaluation.", terminal)
        {
            Arguments.Add(_run);
            Options.Add(_plot);
            _evaluation.AddTo(this);
        }

        protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
        {
            var run = await gateway.Training.GetRunAsync(
                new GetRunRequest { RunId = parsed.GetRequiredValue(_run) }, cancellationToken: cancellation);
            var quiet = IsJson(parsed);
            var result = quiet
                ? await RunDisplay.WaitAsync(gateway, run.RunId, cancellation)
                : await RunDisplay.FollowAsync(Terminal, gateway, run, parsed.GetValue(_plot), cancellation);
            if (quiet)
            {
                run = await gateway.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId }, cancellationToken: cancellation);
                WriteJson(ProtoJson.Line(run, result));
            }
            else
            {
                EvaluationDisplay.Show(Terminal, result.Finished.Evaluation, _evaluation.Rows(parsed));
            }

            _evaluation.SaveFigure(Terminal, parsed, $"{run.Head} {result.Finished.Version}", result.Epochs, result.Finished.Evaluation);
            return 0;
        }
    }

    /// <summary><c>topfive runs cancel</c>.</summary>
    private sealed class CancelCommand : GatewayCommand
    {
        private readonly Argument<string> _run = RunArgument();

        public CancelCommand(Terminal terminal)
            : base("cancel", "Stops a run within an epoch; one that has ended stays as it is.", terminal) => Arguments.Add(_run);

        protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
        {
            var run = await gateway.Training.CancelRunAsync(
                new CancelRunRequest { RunId = parsed.GetRequiredValue(_run) }, cancellationToken: cancellation);
            if (IsJson(parsed)) return WriteJson(run);
            Terminal.Say($"Run {run.RunId} is {RpcMessage.Name(run.State)} after {run.EpochsDone} epochs");
            return 0;
        }
    }
}
