using System.CommandLine;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive heads show</c>: one version, what it was made of and what it can do.</summary>
internal sealed class HeadShowCommand : GatewayCommand
{
    private readonly Argument<string> _head = new("head") { Description = "The head's name" };

    private readonly Option<long?> _version = Numbers.Option<long>(
        "--version", "Its version [default: the live one]", "a version's number, from 1", value => value >= 1);

    private readonly Option<string?> _manifest = new("--manifest")
    {
        Description = "Write the manifest, from which `topfive train --manifest` makes the same bits again, as JSON",
    };

    private readonly EvaluationOptions _evaluation = new();

    public HeadShowCommand(Terminal terminal) : base("show", "Shows a version of a head and its evaluation.", terminal)
    {
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        Arguments.Add(_head);
        Options.Add(_version);
        Options.Add(_manifest);
        _evaluation.AddTo(this);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var request = new GetHeadRequest { Head = parsed.GetRequiredValue(_head), Version = parsed.GetValue(_version) ?? 0 };
        var head = await gateway.Heads.GetHeadAsync(request, cancellationToken: cancellation);
        if (IsJson(parsed))
        {
            WriteJson(head);
        }
        else
        {
            Describe(head);
            EvaluationDisplay.Show(Terminal, head.Evaluation, _evaluation.Rows(parsed));
        }

        if (parsed.GetValue(_manifest) is { } file)
        {
            ManifestFile.Write(file, head.Manifest
                ?? throw new CommandFailure($"Version {head.Version} of \"{head.Head_}\" has no manifest: it was imported, or trained by an older release."));
        }

        var epochs = _evaluation.WantsFigure(parsed) ? await EpochsAsync(head, gateway, cancellation) : [];
        _evaluation.SaveFigure(Terminal, parsed, $"{head.Head_} {head.Version}", epochs, head.Evaluation);
        return 0;
    }

    private void Describe(Head head)
    {
        Terminal.Say($"Version {head.Version} of \"{head.Head_}\"{(head.Live ? ", live" : "")}: {head.Labels.Count:N0} labels, {head.Parameters:N0} parameters, {TextTable.Local(head.Created)}");
        if (head.Recipe is not { } recipe)
        {
            Terminal.Say($"Imported");
            UnknownLines.Show(Terminal, head.Unknown);
            return;
        }

        var hidden = recipe.HiddenUnits.Count == 0 ? "none" : string.Join(", ", recipe.HiddenUnits);
        Terminal.Say($"Trained on \"{head.Dataset}\" ({Start(head.DatasetDigest)}) by run {head.RunId}");
        Terminal.Say($"Hidden units {hidden}; dropout {recipe.Dropout}; {RpcMessage.Name(recipe.Optimizer)}, learning rate {recipe.LearningRate}; batches of {recipe.BatchSize}; {recipe.Epochs} epochs; seed {recipe.Seed}");
        if (head.Manifest is { } manifest)
        {
            Terminal.Say($"Trainer {manifest.TrainerVersion} on {manifest.Runtime}; split {Start(manifest.SplitDigest)}, vectors {Start(manifest.VectorsDigest)}, model {Start(manifest.ModelDigest)}");
        }

        UnknownLines.Show(Terminal, head.Unknown);
    }

    /// <returns>None when the run is not known any more.</returns>
    private static async Task<IReadOnlyList<Epoch>> EpochsAsync(Head head, TopfiveClient gateway, CancellationToken cancellation)
    {
        try
        {
            return head.RunId.Length == 0 ? [] : (await RunDisplay.WaitAsync(gateway, head.RunId, cancellation)).Epochs;
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
        {
            return [];
        }
    }

    private static string Start(string digest) => digest[..Math.Min(12, digest.Length)];
}
