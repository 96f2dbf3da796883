using System.CommandLine;
using System.Diagnostics;
using Topfive.Classifier.V1;
using Topfive.Client;
using Topfive.Gateway.V1;

namespace Topfive.Cli;

/// <summary>
/// <c>topfive demo</c>: the whole path on real data and in one process. Images go in, a head is trained on their
/// vectors, and images that it has not seen come out with their five most probable labels.
/// </summary>
internal sealed class DemoCommand : Command
{
    private const string Dataset = "emoji";
    private const int HeldOutShown = 6;

    // Keras' usual split, and enough epochs for 31 labels of a few dozen drawings each.
    private const double Validation = 0.25;
    private const int Epochs = 40;

    private readonly Terminal _terminal;

    private readonly Option<string> _images = new("--images")
    {
        Description = "A folder with one folder per label",
        DefaultValueFactory = _ => Path.Combine(Repository.Root ?? ".", "out", "emoji"),
    };

    private readonly Option<string> _out = new("--out")
    {
        Description = "Where the store, the log and the figures go",
        DefaultValueFactory = _ => Path.Combine(Repository.Root ?? ".", "out"),
    };

    public DemoCommand(Terminal terminal)
        : base("demo", "Imports, trains and predicts on real images, with everything in this process. Run ./demo, which fetches what it needs.")
    {
        _terminal = terminal;
        Options.Add(_images);
        Options.Add(_out);
        Subcommands.Add(new DemoReportCommand(terminal));
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var images = parsed.GetRequiredValue(_images);
        var folder = parsed.GetRequiredValue(_out);
        if (!Directory.Exists(images))
        {
            throw new CommandFailure($"There are no images at {images}; ./demo fetches them, --images names others.");
        }

        var options = new TopfiveOptions
        {
            ModelPath = await BackboneModel.EnsureAsync(null, _terminal, cancellation),
            DataDirectory = Path.Combine(folder, "demo"),
            // Another Topfive may have the usual ports.
            Port = 0,
        };
        await using var process = await Startup.StartAsync(options, _terminal, cancellation);
        _terminal.Say($"Everything is ready; the Gateway is at {process.GatewayAddress}, the log at {process.LogPath}");
        using var gateway = new TopfiveClient(new TopfiveClientOptions { Address = process.GatewayAddress.ToString(), User = Environment.UserName, Timeout = null });

        Head($"1. Images in: {images}");
        var listing = ImageFolder.Read(images);
        var split = new SplitRule(SplitRule.Keras, Validation);
        var imported = await ImportCommand.RunAsync(_terminal, gateway, new DiskImages(listing), new DatasetImport(_terminal, gateway, Dataset, strict: false), split, AugmentedCopies.None, cancellation);
        if (imported.Imported == 0)
        {
            throw new CommandFailure("Nothing could be imported.");
        }

        Head($"2. A head from the stored vectors: {Epochs} epochs");
        var request = new StartRunRequest { Dataset = Dataset, Head = Dataset, Promote = true, Recipe = new Recipe { Epochs = Epochs } };
        var run = await TrainCommand.StartAsync(_terminal, gateway, request, cancellation);
        await RunDisplay.FollowAsync(_terminal, gateway, run, Path.Combine(folder, "curves.png"), cancellation);

        Head($"3. Held-out images and their five most probable labels");
        var number = 0;
        foreach (var file in HeldOut(listing.Files))
        {
            var answer = await PredictCommand.PredictAsync(gateway, new PredictRequest { Head = Dataset }, file.Path, cancellation);
            if (answer.Failure is { } failure)
            {
                throw new CommandFailure($"{file.Id}: {failure.Status}: {failure.Message}");
            }

            PredictCommand.ShowBars(_terminal, answer with { Path = file.Id }, file.Label);
            PredictCommand.SaveFigure(_terminal, Path.Combine(folder, $"top5-{++number}.png"), answer, file.Label);
        }

        _terminal.Say($"Done in {clock.Elapsed.TotalSeconds:F0} s");
        return 0;
    }

    /// <summary>The first held-out image of a few labels, evenly spread over all of them.</summary>
    private static IEnumerable<LabeledFile> HeldOut(IReadOnlyList<LabeledFile> files)
    {
        var splits = KerasSplit.Assign(files, Validation);
        var firsts = files.Where((_, i) => splits[i] == Split.Validation).DistinctBy(file => file.Label).ToArray();
        var shown = Math.Min(HeldOutShown, firsts.Length);
        return Enumerable.Range(0, shown).Select(i => firsts[i * firsts.Length / shown]);
    }

    private void Head(FormattableString text)
    {
        _terminal.Say($"");
        _terminal.Say(text);
    }
}
