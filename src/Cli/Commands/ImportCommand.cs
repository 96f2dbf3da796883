using System.CommandLine;
using Topfive.Client;
using Topfive.Features.V1;
using Topfive.ServiceDefaults;

namespace Topfive.Cli;

/// <summary><c>topfive import</c>: labelled images from a folder, a CSV or an archive, or vectors computed elsewhere, into a dataset.</summary>
internal sealed class ImportCommand : GatewayCommand
{
    private readonly Argument<string?> _source = new("source")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = "A folder with one folder per class, the same as .tar, .tar.gz or .zip, or a CSV with the columns id and label (and, where wanted, group and split)",
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

    private readonly Option<string?> _labels = new("--labels")
    {
        Description = "A CSV with the columns id and label (and, where wanted, group and split) that labels the images of a folder or an archive, in place of its folders",
    };

    private readonly Option<string> _split = new Option<string>("--split")
    {
        Description = $"keras: see --validation; hash: by the hash of the image or its group, a quarter validates; given: by folders train/ and validation/ around the class folders, or by a CSV's column split ({SplitNames.Known})",
        DefaultValueFactory = _ => SplitRule.Keras,
    }.AcceptOnlyFromAmong(SplitRule.Keras, SplitRule.Hash, SplitRule.Given);

    private readonly Option<double?> _validation = Numbers.Option<double>(
        "--validation",
        "Fraction kept for validation, chosen as Keras does: of each label's n files, in name order, the first ⌊fraction·n⌋; a CSV's group is kept together, and validates where all of it still fits [default: 0.25]",
        "at least 0 and below 1", value => value is >= 0 and < 1);

    private readonly Option<string?> _vectors = new("--vectors")
    {
        Description = "In place of images: vectors that the same backbone computed elsewhere, as topfive export --vectors writes them (a folder of .npy files, or a .parquet)",
    };

    private readonly Option<string?> _backbone = new("--backbone")
    {
        Description = "The fingerprint of the backbone that computed the --vectors, where the file does not say",
    };

    private readonly Option<bool> _overwrite = new("--overwrite")
    {
        Description = "Let --vectors replace what the store has; otherwise a stored vector stays",
    };

    private readonly Option<int?> _augment = Numbers.Option<int>(
        "--augment",
        "Augmented copies of each training image, for the dataset to hold besides: mirrored at random, shear 0.2 degrees, zoom 0.2, shifts 0.2; validation images get none [default: 0]",
        $"0 to {AugmentationRule.MaxCopies}", value => value is >= 0 and <= AugmentationRule.MaxCopies);

    private readonly Option<ulong?> _augmentSeed = Numbers.Option<ulong>(
        "--augment-seed", "Another seed, other copies; the same seed gives the same copies everywhere [default: 0]", "a whole number from 0", _ => true);

    private readonly Option<bool> _strict = new("--strict")
    {
        Description = "Exit with 1 when anything could not be imported, not only when nothing could; send nothing that contradicts what the dataset says already",
    };

    public ImportCommand(Terminal terminal)
        : base("import", "Imports labelled images, or their vectors, into a dataset.", terminal)
    {
        CompleteWith(_dataset.CompletionSources, KnownNames.DatasetsAsync);
        Arguments.Add(_source);
        Options.Add(_dataset);
        Options.Add(_images);
        Options.Add(_labels);
        Options.Add(_split);
        Options.Add(_validation);
        Options.Add(_augment);
        Options.Add(_augmentSeed);
        Options.Add(_vectors);
        Options.Add(_backbone);
        Options.Add(_overwrite);
        Options.Add(_strict);
        Validators.Add(result =>
        {
            if (result.GetValue(_source) is null == result.GetValue(_vectors) is null)
            {
                result.AddError("import needs a source of images or --vectors, and not both.");
            }
        });
    }

    protected override async Task<int> RunAsync(ParseResult parsed, TopfiveClient gateway, CancellationToken cancellation)
    {
        var strict = parsed.GetValue(_strict);
        var import = new DatasetImport(Terminal, gateway, parsed.GetRequiredValue(_dataset), strict);
        var result = parsed.GetValue(_vectors) is { } vectors
            ? await ImportVectorsAsync(vectors, parsed, gateway, import, cancellation)
            : await ImportImagesAsync(parsed, gateway, import, cancellation);
        if (IsJson(parsed)) WriteJson(ImportJson.Line(import.Dataset, result));
        return result.Imported == 0 || (strict && result.Failed.Count + result.Overruled.Count > 0) ? 1 : 0;
    }

    /// <summary>Imports labelled images and says what became of them.</summary>
    public static async Task<ImportResult> RunAsync(
        Terminal terminal, TopfiveClient gateway, IImageSource source, DatasetImport import, SplitRule split, AugmentedCopies copies, CancellationToken cancellation)
    {
        var backbone = await gateway.Features.GetBackboneAsync(new GetBackboneRequest(), cancellationToken: cancellation);
        var hashed = await Progress.RunAsync(terminal, "Hashing", source.Unit, source.Size,
            progress => source.HashAsync(backbone.MaxImageBytes, progress, cancellation));
        return await import.RunAsync(
            hashed, split.Assign(hashed.Listing.Files), ImportWords.Images,
            (images, progress) => new ImageImport(gateway, import.Dataset, copies).RunAsync(images, source, progress, cancellation), cancellation);
    }

    private Task<ImportResult> ImportImagesAsync(ParseResult parsed, TopfiveClient gateway, DatasetImport import, CancellationToken cancellation)
    {
        if (parsed.GetValue(_backbone) is not null || parsed.GetValue(_overwrite))
        {
            throw CommandFailure.WrongUsage("--backbone and --overwrite belong to --vectors; an image's vector is computed, or the stored one is right.");
        }

        var split = Rule(parsed);
        var source = Open(parsed.GetRequiredValue(_source)!, parsed.GetValue(_images), parsed.GetValue(_labels), split.Name == SplitRule.Given);
        return RunAsync(Terminal, gateway, source, import, split, Copies(parsed), cancellation);
    }

    private async Task<ImportResult> ImportVectorsAsync(
        string path, ParseResult parsed, TopfiveClient gateway, DatasetImport import, CancellationToken cancellation)
    {
        var split = VectorRule(parsed);
        var backbone = await gateway.Features.GetBackboneAsync(new GetBackboneRequest(), cancellationToken: cancellation);
        await using var reader = await VectorReader.OpenAsync(path, cancellation);
        reader.CheckBackbone(path, parsed.GetValue(_backbone), backbone.Fingerprint);
        var hashed = await reader.ReadExamplesAsync(cancellation);
        var vectors = new VectorImport(gateway, import.Dataset, reader, backbone, parsed.GetValue(_overwrite));
        return await import.RunAsync(
            hashed, split.Assign(hashed.Listing.Files), ImportWords.Vectors,
            (images, progress) => vectors.RunAsync(hashed.Listing.Files, images, progress, cancellation), cancellation);
    }

    /// <summary>A row has no name to go by: it says its side, or its hash does.</summary>
    private SplitRule VectorRule(ParseResult parsed)
    {
        if (parsed.GetValue(_images) is not null || parsed.GetValue(_labels) is not null || parsed.GetValue(_validation) is not null
            || parsed.GetValue(_augment) is not null || parsed.GetValue(_augmentSeed) is not null
            || parsed.GetResult(_split) is { Implicit: false } && parsed.GetRequiredValue(_split) == SplitRule.Keras)
        {
            throw CommandFailure.WrongUsage("--images, --labels, --validation, --augment and --split keras belong to images; --vectors says everything itself, and splits as its rows say, or with --split hash.");
        }

        return new SplitRule(parsed.GetResult(_split) is { Implicit: false } ? parsed.GetRequiredValue(_split) : SplitRule.Given, 0);
    }

    private SplitRule Rule(ParseResult parsed)
    {
        var name = parsed.GetRequiredValue(_split);
        var validation = parsed.GetValue(_validation);
        return validation is null || name == SplitRule.Keras
            ? new SplitRule(name, validation ?? SplitRule.DefaultValidation)
            : throw CommandFailure.WrongUsage($"--validation belongs to --split {SplitRule.Keras}; with --split {name} the fraction is not chosen here.");
    }

    private AugmentedCopies Copies(ParseResult parsed)
    {
        var count = parsed.GetValue(_augment) ?? 0;
        return count > 0 || parsed.GetValue(_augmentSeed) is null
            ? new AugmentedCopies(count, parsed.GetValue(_augmentSeed) ?? 0)
            : throw CommandFailure.WrongUsage("--augment-seed belongs to --augment: how many copies?");
    }

    private static IImageSource Open(string source, string? images, string? labels, bool splitGiven)
    {
        var isFolder = Directory.Exists(source);
        if (!isFolder && !File.Exists(source))
        {
            throw new CommandFailure($"There is neither a folder, an archive nor a CSV at {source}.");
        }

        if (isFolder || Archive.Match(source))
        {
            var csv = labels is null ? null : CsvListing.Read(labels, splitGiven);
            return images is not null
                ? throw CommandFailure.WrongUsage("--images belongs to a CSV; a folder or an archive holds its images itself.")
                : !isFolder ? new ArchiveImages(new Archive(source), splitGiven, csv)
                : new DiskImages(csv is null ? ImageFolder.Read(source, splitGiven) : csv.Match(ImageNames.In(source)));
        }

        if (labels is not null)
        {
            throw CommandFailure.WrongUsage($"--labels belongs to a folder or an archive (.tar, .tar.gz, .tgz, .zip) of images; {source} is neither.");
        }

        var folder = images ?? Path.GetDirectoryName(Path.GetFullPath(source))!;
        return Directory.Exists(folder)
            ? new DiskImages(CsvListing.Read(source, splitGiven).Match(ImageNames.In(folder)))
            : throw new CommandFailure($"There is no folder {folder}.");
    }
}
