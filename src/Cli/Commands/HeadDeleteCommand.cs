using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads delete</c>: a version that is not live, or a head with all that it has.</summary>
internal sealed class HeadDeleteCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };

    private readonly Option<long?> _version = Numbers.Option<long>(
        "--version", "Only this version, which must not be live", "a version's number, from 1", value => value >= 1);

    private readonly Option<bool> _all = new("--all") { Description = "Every version, the live one too" };

    public HeadDeleteCommand(Terminal terminal)
        : base("delete", "Deletes a version of a head that is not live, or the head with every version.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Options.Add(_version);
        Options.Add(_all);
        Validators.Add(result =>
        {
            if (result.GetValue(_all) == (result.GetResult(_version) is not null))
            {
                result.AddError("Say either --version N or --all.");
            }
        });
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var head = parsed.GetRequiredValue(_head);
        if (parsed.GetValue(_version) is { } version)
        {
            await gateway.Heads.DeleteVersionAsync(new DeleteVersionRequest { Head = head, Version = version }, cancellationToken: cancellation);
            if (IsJson(parsed)) return WriteJson(new HeadVersion { Head = head, Version = version });
            Terminal.Say($"Version {version} of \"{head}\" is deleted");
            return 0;
        }

        var response = await gateway.Heads.DeleteHeadAsync(new DeleteHeadRequest { Head = head }, cancellationToken: cancellation);
        if (IsJson(parsed)) return WriteJson(response);
        Terminal.Say($"\"{head}\" is deleted with its {response.DeletedVersions} versions");
        return 0;
    }
}
