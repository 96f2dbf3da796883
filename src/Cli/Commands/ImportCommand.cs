using System.CommandLine;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary><c>topfive import</c>: labelled images from a folder or a CSV into a dataset.</summary>
internal sealed class ImportCommand : GatewayCommand
{
    private const int ProblemsShown = 20;

    private readonly Argument<string> _source = new("source")
    {
        Description = "A folder with one folder per class, or a CSV with the columns id and label",
    };

    private readonly Option<string> _dataset = new("--dataset")
    {
        Description = "The dataset's name; images are added to an existing one",
        Required = true,
    };

    private readonly Option<string?> _images = new("--images")
    {
        Description = "The folder of a CSV's images [default: where the CSV is]",
    };

    private readonly Option<double?> _validation = Numbers.Option<double>(
        "--validation",
        "Fraction kept for validation, chosen as Keras does: of each label's n files, in name order, the first ⌊fraction·n⌋ [default: 0.25]",
        "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "Exit with 1 when anything could not be imported, not only when nothing could",
    };

    public ImportCommand(Terminal terminal)
        : base("import", "Imports labelled images into a dataset.", terminal)
    {
        Arguments.Add(_source);
        Options.Add(_dataset);
        Options.Add(_images);
        Options.Add(_validation);
        Options.Add(_strict);
    }

    protected override async Task<int> RunAsync(ParseResult parsed, GatewayClient gateway, CancellationToken cancellation)
    {
        var listing = Read(parsed.GetRequiredValue(_source), parsed.GetValue(_images));
        var dataset = parsed.GetRequiredValue(_dataset);
        var result = await RunAsync(Terminal, gateway, listing, dataset, parsed.GetValue(_validation) ?? 0.25, cancellation);
        return result.Imported == 0 || (parsed.GetValue(_strict) && result.Failed.Count > 0) ? 1 : 0;
    }

    /// <summary>Imports a listing and says what became of it.</summary>
    public static async Task<ImportResult> RunAsync(
        Terminal terminal, GatewayClient gateway, Listing listing, string dataset, double validation, CancellationToken cancellation)
    {
        if (listing.Skipped.Count > 0)
        {
            terminal.Say($"Skipped {listing.Skipped.Count:N0} files that are no images in a class folder: {Some(listing.Skipped)}");
        }

        var splits = KerasSplit.Assign(listing.Files, validation);
        var result = listing.Files.Count == 0
            ? new ImportResult(0, 0, 0, [])
            : await Progress.RunAsync(terminal, "Importing", "images", listing.Files.Count,
                progress => new ImageImport(gateway, dataset).RunAsync(listing.Files, splits, progress, cancellation));
        result = result with { Failed = [.. listing.Problems, .. result.Failed] };

        var labels = listing.Files.DistinctBy(file => file.Label).Count();
        var held = splits.Count(split => split == Split.Validation);
        terminal.Say($"{labels:N0} labels, {listing.Files.Count - held:N0} training and {held:N0} validation images");
        terminal.Say($"Imported {result.Imported:N0} into \"{dataset}\": {result.Computed:N0} computed, {result.CacheHits:N0} cache hits; {result.Copies:N0} copies of others left out; {result.Failed.Count:N0} failed");
        foreach (var problem in result.Failed.Take(ProblemsShown))
        {
            terminal.Complain($"  {problem.Id}: {problem.Reason}");
        }

        if (result.Failed.Count > ProblemsShown)
        {
            terminal.Complain($"  and {result.Failed.Count - ProblemsShown:N0} more");
        }

        return result;
    }

    private static Listing Read(string source, string? images)
    {
        if (Directory.Exists(source))
        {
            return images is null
                ? ImageFolder.Read(source)
                : throw CommandFailure.WrongUsage("--images belongs to a CSV; a folder holds its images itself.");
        }

        if (!File.Exists(source))
        {
            throw new CommandFailure($"There is neither a folder nor a CSV at {source}.");
        }

        var folder = images ?? Path.GetDirectoryName(Path.GetFullPath(source))!;
        return Directory.Exists(folder) ? CsvListing.Read(source, folder) : throw new CommandFailure($"There is no folder {folder}.");
    }

    private static string Some(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(3)) + (names.Count > 3 ? ", …" : "");
}
