using System.CommandLine;
using System.Diagnostics;
using Grpc.Core;
using Topfive.Classifier.V1;
using Topfive.Client;

namespace Topfive.Cli;

/// <summary>
/// <c>topfive demo report</c>: the life of a head on real data, and the report of it. It learns one vendor's drawings and is judged on
/// another's; some labels are left out at first, so that unknown can be measured and the head can grow by them.
/// </summary>
internal sealed class DemoReportCommand : Command
{
    private const string Dataset = "emoji-vendors";
    private const string LeftOut = "emoji-left-out";

    // 6 of 31 labels.
    private const int LeftOutEvery = 5;
    private const int Epochs = 40;
    private const int TooFewEpochs = 10;

    private readonly Terminal _terminal;

    private readonly Option<string> _training = Folder("--training", "Drawings to learn, a folder a label", "emoji-google");
    private readonly Option<string> _validation = Folder("--images", "Another vendor's drawings of the same labels, to judge by", "emoji");
    private readonly Option<string> _out = Folder("--out", "Where the store and the log go; the report goes into report/ there", "");

    public DemoReportCommand(Terminal terminal)
        : base("report", "Trains, evaluates, promotes and grows a head, and writes a report of it. Run ./demo report, which fetches what it needs.")
    {
        _terminal = terminal;
        Options.Add(_training);
        Options.Add(_validation);
        Options.Add(_out);
        SetAction(RunAsync);
    }

    private static Option<string> Folder(string name, string description, string folder) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => Path.Combine(Repository.Root ?? ".", "out", folder),
    };

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var folder = parsed.GetRequiredValue(_out);
        string[] images = [parsed.GetRequiredValue(_training), parsed.GetRequiredValue(_validation)];
        foreach (var missing in images.Where(images => !Directory.Exists(images)))
        {
            throw new CommandFailure($"There are no images at {missing}; ./demo report fetches them, --training and --images name others.");
        }

        var options = new TopfiveOptions
        {
            ModelPath = await BackboneModel.EnsureAsync(null, _terminal, cancellation),
            // The demo's: what it extracted is not extracted again.
            DataDirectory = Path.Combine(folder, "demo"),
            Port = 0,
        };
        await using var process = await Startup.StartAsync(options, _terminal, cancellation);
        using var gateway = new TopfiveClient(new TopfiveClientOptions { Address = process.GatewayAddress.ToString(), User = "demo", Timeout = null });
        var all = Files(images[0], Split.Training).Concat(Files(images[1], Split.Validation)).ToList();
        var later = all.Select(file => file.Label).Distinct().Order(StringComparer.Ordinal).Where((_, place) => place % LeftOutEvery == LeftOutEvery - 1).ToHashSet();

        Head($"1. All labels but {later.Count}, and those of the second vendor for unknown");
        await ForgetAsync(gateway, cancellation);
        await ImportAsync(gateway, Dataset, all.Where(file => !later.Contains(file.Label)), cancellation);
        await ImportAsync(gateway, LeftOut, all.Where(file => later.Contains(file.Label) && file.GivenSplit == Split.Validation), cancellation);

        Head($"2. A first head, and one of too few epochs, which the gate keeps from going live");
        await TrainAsync(gateway, new Recipe { Epochs = Epochs }, LeftOut, cancellation);
        await TrainAsync(gateway, new Recipe { Epochs = TooFewEpochs }, LeftOut, cancellation);

        Head($"3. Grown by {string.Join(", ", later.Order(StringComparer.Ordinal))}");
        await ImportAsync(gateway, Dataset, all, cancellation);
        var grown = await TrainAsync(gateway, new Recipe { Epochs = Epochs, WarmStart = new WarmStart() }, "", cancellation);
        if (!grown.Promoted)
        {
            await gateway.Heads.PromoteAsync(
                new PromoteRequest { Head = Dataset, Version = grown.Version, Reason = $"it knows {later.Count} labels more; what the others lost is accepted" }, cancellationToken: cancellation);
            _terminal.Say($"Promoted version {grown.Version} by hand");
        }

        Head($"4. The report");
        await ReportCommand.RunAsync(_terminal, gateway, new HeadVersion { Head = Dataset, Version = grown.Version }, Path.Combine(folder, "report"), images, cancellation);
        _terminal.Say($"Done in {clock.Elapsed.TotalSeconds:F0} s");
        return 0;
    }

    private static IEnumerable<LabeledFile> Files(string folder, Split split) =>
        ImageFolder.Read(folder).Files.Select(file => file with { Id = $"{Path.GetFileName(folder)}/{file.Id}", GivenSplit = split });

    /// <summary>An earlier report's dataset and head would be grown already; vectors stay.</summary>
    private static async Task ForgetAsync(TopfiveClient gateway, CancellationToken cancellation)
    {
        await IfThere(gateway.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = Dataset }, cancellationToken: cancellation).ResponseAsync);
        await IfThere(gateway.Datasets.DeleteDatasetAsync(new DeleteDatasetRequest { Dataset = LeftOut }, cancellationToken: cancellation).ResponseAsync);
        await IfThere(gateway.Heads.DeleteHeadAsync(new DeleteHeadRequest { Head = Dataset }, cancellationToken: cancellation).ResponseAsync);

        static async Task IfThere(Task deletion)
        {
            try
            {
                await deletion;
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
            {
                // The first report.
            }
        }
    }

    private async Task ImportAsync(TopfiveClient gateway, string dataset, IEnumerable<LabeledFile> files, CancellationToken cancellation)
    {
        var result = await ImportCommand.RunAsync(
            _terminal, gateway, new DiskImages(new Listing([.. files], [], [])), new DatasetImport(_terminal, gateway, dataset, strict: false),
            new SplitRule(SplitRule.Given, 0), AugmentedCopies.None, cancellation);
        if (result.Imported == 0)
        {
            throw new CommandFailure($"Nothing could be imported into \"{dataset}\".");
        }
    }

    private async Task<Finished> TrainAsync(TopfiveClient gateway, Recipe recipe, string outliers, CancellationToken cancellation)
    {
        var request = new StartRunRequest { Dataset = Dataset, Head = Dataset, Promote = true, Recipe = recipe, OutliersDataset = outliers };
        var run = await TrainCommand.StartAsync(_terminal, gateway, request, cancellation);
        return (await RunDisplay.FollowAsync(_terminal, gateway, run, null, cancellation)).Finished;
    }

    private void Head(FormattableString text)
    {
        _terminal.Say($"");
        _terminal.Say(text);
    }
}
