using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads history</c>: who changed what is live, and why.</summary>
internal sealed class HeadHistoryCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };

    public HeadHistoryCommand(Terminal terminal)
        : base("history", "Lists every change of a head's live version, newest first.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new ListPromotionsRequest { Head = parsed.GetRequiredValue(_head) };
        var response = await gateway.Heads.ListPromotionsAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response.Promotions);
        var table = Terminal.Table("when", "from", "to", "by", "who", "where", "run", "why");
        foreach (var promotion in response.Promotions)
        {
            table.Row(
                TextTable.Local(promotion.Time), Version(promotion.FromVersion), Version(promotion.ToVersion), PromotionReport.Cause(promotion.Cause),
                promotion.Caller.Name() ?? "", promotion.Caller?.Peer ?? "", promotion.RunId, promotion.Reason);
        }

        table.Show();
        return 0;
    }

    private static string Version(long version) => version == 0 ? "none" : $"{version}";
}
