using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive promote</c>: makes a version the live one.</summary>
internal sealed class PromoteCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };
    private readonly Option<string?> _reason = new("--reason") { Description = "Why, for `topfive heads history`" };
    private readonly Argument<long?> _version = Numbers.Argument<long>(
        "version", "The version's number, as `topfive heads HEAD` lists it", "a version's number, from 1", value => value >= 1);

    public PromoteCommand(Terminal terminal) : base("promote", "Makes a version of a head live.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Arguments.Add(_version);
        Options.Add(_reason);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new PromoteRequest
        {
            Head = parsed.GetRequiredValue(_head),
            Version = parsed.GetRequiredValue(_version)!.Value,
            Reason = parsed.GetValue(_reason) ?? "",
        };
        var response = await gateway.Heads.PromoteAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response);
        var before = response.PreviousVersion == 0 ? "none was before" : $"version {response.PreviousVersion} was before";
        Terminal.Say($"Version {response.Head.Version} of \"{response.Head.Head_}\" is live; {before}");
        return 0;
    }
}
