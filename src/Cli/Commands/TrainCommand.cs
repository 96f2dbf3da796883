using System.CommandLine;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary><c>topfive train</c>: a head from a dataset's vectors, epoch by epoch.</summary>
internal sealed class TrainCommand : GatewayCommand
{
    private readonly Argument<string?> _dataset = new("dataset")
    {
        Description = "The dataset's name; with --manifest, the manifest's by default",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly Option<string?> _head = new("--head") { Description = "The head that gets a new version [default: the dataset's name]" };

    private readonly Option<string?> _manifest = new("--manifest")
    {
        Description = "Train the same bits again: a file that `topfive heads show HEAD --manifest FILE` wrote; its recipe is the run's",
    };

    private readonly Option<string?> _outliers = new("--outliers")
    {
        Description = "A dataset of images that are like none of the labels: measure on it how well the version tells unknown images; those of a label that is trained are passed over",
    };

    private readonly RecipeOptions _recipe = new();

    private readonly PromotionOptions _promotion = new();

    private readonly Option<string?> _plot = new("--plot") { Description = "Write loss and accuracy by epoch as a PNG" };

    public TrainCommand(Terminal terminal)
        : base("train", "Trains a head on a dataset. Ctrl-C leaves the run going; `topfive runs` finds it again.", terminal)
    {
        CompleteWith(_dataset.CompletionSources, KnownNames.DatasetsAsync);
        CompleteWith(_head.CompletionSources, KnownNames.HeadsAsync);
        CompleteWith(_outliers.CompletionSources, KnownNames.DatasetsAsync);
        Arguments.Add(_dataset);
        Options.Add(_head);
        _recipe.AddTo(this);
        _promotion.AddTo(this);
        Options.Add(_plot);
        Options.Add(_manifest);
        Options.Add(_outliers);
        Validators.Add(result =>
        {
            if (result.GetResult(_dataset) is null or { Tokens.Count: 0 } && result.GetResult(_manifest) is null)
            {
                result.AddError("train needs a dataset's name, or --manifest.");
            }
        });
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var manifest = parsed.GetValue(_manifest) is { } file ? await ManifestFile.ReadAsync(file, cancellation) : null;
        var dataset = parsed.GetValue(_dataset) ?? manifest!.Dataset;
        var request = new StartRunRequest
        {
            Dataset = dataset,
            Head = parsed.GetValue(_head) ?? dataset,
            // What a manifest does not say is not asked: the service refuses a recipe beside it.
            Recipe = _recipe.Read(parsed) is var recipe && (manifest is null || recipe.CalculateSize() > 0) ? recipe : null,
            Manifest = manifest,
            OutliersDataset = parsed.GetValue(_outliers) ?? "",
        };
        _promotion.Read(parsed, request);
        var run = await StartAsync(Terminal, gateway, request, cancellation);
        try
        {
            var result = await RunDisplay.FollowAsync(Terminal, gateway, run, parsed.GetValue(_plot), cancellation);
            if (IsJson(parsed))
            {
                WriteJson(ProtoJson.Line(await gateway.Training.GetRunAsync(new GetRunRequest { RunId = run.RunId }, cancellationToken: cancellation), result));
            }

            return 0;
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            Terminal.Say($"The run goes on. Watch it: topfive runs show {run.RunId}    End it: topfive runs cancel {run.RunId}");
            throw;
        }
    }

    /// <summary>Starts a run and says so.</summary>
    public static async Task<Run> StartAsync(
        Terminal terminal, TopfiveClient gateway, StartRunRequest request, CancellationToken cancellation)
    {
        var run = await gateway.Training.StartRunAsync(request, cancellationToken: cancellation);
        terminal.Say($"Run {run.RunId} trains \"{run.Head}\" on \"{run.Dataset}\" for {run.Recipe.Epochs} epochs");
        return run;
    }
}
