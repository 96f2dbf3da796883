using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive rollback</c>: back to the version that was live before.</summary>
internal sealed class RollbackCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };
    private readonly Option<string?> _reason = new("--reason") { Description = "Why, for `topfive heads history`" };

    public RollbackCommand(Terminal terminal)
        : base("rollback", "Makes the version live that was live before the current one.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Options.Add(_reason);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new RollbackRequest { Head = parsed.GetRequiredValue(_head), Reason = parsed.GetValue(_reason) ?? "" };
        var response = await gateway.Heads.RollbackAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response);
        Terminal.Say($"Version {response.Head.Version} of \"{response.Head.Head_}\" is live again; version {response.PreviousVersion} was");
        return 0;
    }
}
