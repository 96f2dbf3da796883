using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads agreement</c>: how a head's shadows agree with its live version.</summary>
internal sealed class HeadAgreementCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };

    public HeadAgreementCommand(Terminal terminal)
        : base("agreement", "Shows by hour how the shadows of a head agree with its live version, of the last seven days.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new GetAgreementRequest { Head = parsed.GetRequiredValue(_head) };
        var response = await gateway.Heads.GetAgreementAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response.Shadows);
        var table = Terminal.Table("shadow", "hour", "live", "calls", "same top-1", "difference", "dropped", "failed");
        foreach (var shadow in response.Shadows)
        {
            var name = HeadVersions.Text(shadow.Shadow) + (shadow.Active ? "" : " (off)");
            foreach (var hour in shadow.Hours)
            {
                table.Row(
                    name, TextTable.Local(hour.Hour), $"{hour.LiveVersion}", $"{hour.Calls:N0}",
                    hour.Calls == 0 ? "" : $"{(double)hour.Agreements / hour.Calls:P1}", $"{hour.MeanDifference:F4}", $"{hour.Dropped:N0}", $"{hour.Failed:N0}");
            }

            if (shadow.Hours.Count == 0) table.Row(name, "no calls yet", "", "", "", "", "", "");
        }

        table.Show();
        return 0;
    }
}
