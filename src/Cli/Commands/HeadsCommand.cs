using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads</c>: what can name labels.</summary>
internal sealed class HeadsCommand : GatewayCommand
{
    private readonly Argument<string?> _head = new("head")
    {
        Description = "Show every version of this head",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public HeadsCommand(Terminal terminal)
        : base("heads", "Lists the heads, or the versions of one, newest first.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Subcommands.Add(new HeadShowCommand(terminal));
        Subcommands.Add(new HeadHistoryCommand(terminal));
        Subcommands.Add(new HeadDeleteCommand(terminal));
        Subcommands.Add(new HeadShadowCommand(terminal));
        Subcommands.Add(new HeadAgreementCommand(terminal));
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new ListHeadsRequest { Head = parsed.GetValue(_head) ?? "" };
        var response = await gateway.Heads.ListHeadsAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response.Heads);
        var table = Terminal.Table("head", "version", "live", "labels", "top-1", "top-5", "log-loss", "parameters", "from", "created");
        foreach (var head in response.Heads)
        {
            var evaluation = head.Evaluation;
            table.Row(
                head.Head_, $"{head.Version}", head.Live ? "yes" : "", $"{head.Labels.Count:N0}",
                TextTable.Percent(evaluation?.Accuracy), TextTable.Percent(evaluation?.Top5Accuracy), $"{evaluation?.LogLoss:F3}",
                $"{head.Parameters:N0}", head.RunId.Length == 0 ? "imported" : head.Dataset, TextTable.Local(head.Created));
        }

        table.Show();
        return 0;
    }
}
