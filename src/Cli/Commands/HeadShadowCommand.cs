using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads shadow</c>: which versions answer along with a head's live one.</summary>
internal sealed class HeadShadowCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head whose callers are answered by its live version" };

    private readonly Option<long[]> _versions = new("--version") { Description = "A version of it that answers along; say it once for each" };

    private readonly Option<HeadVersion[]> _others = HeadVersions.Option("--head", "Another head that answers along, or NAME@VERSION");

    private readonly Option<bool> _off = new("--off") { Description = "None answers along" };

    public HeadShadowCommand(Terminal terminal)
        : base("shadow", "Names versions that score every call of a head too, behind its callers' back; see `topfive heads agreement`.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Options.Add(_versions);
        Options.Add(_others);
        Options.Add(_off);
        Validators.Add(result =>
        {
            var named = result.GetResult(_versions) is not null || result.GetResult(_others) is not null;
            if (result.GetValue(_off) == named) result.AddError("Say which versions with --version or --head, or --off for none.");
        });
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var head = parsed.GetRequiredValue(_head);
        var request = new SetShadowsRequest { Head = head };
        request.Shadows.Add((parsed.GetValue(_versions) ?? []).Select(version => new HeadVersion { Head = head, Version = version }));
        request.Shadows.Add(parsed.GetValue(_others) ?? []);
        var response = await gateway.Heads.SetShadowsAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response);
        if (response.Shadows.Count == 0) Terminal.Say($"\"{head}\" has no shadow");
        else Terminal.Say($"\"{head}\" is shadowed by {string.Join(", ", response.Shadows.Select(HeadVersions.Text))}");
        return 0;
    }
}
