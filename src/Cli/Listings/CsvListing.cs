using CsvHelper;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// A CSV with a header line: the column <c>id</c> names a file in the images' folder, with or without its
/// extension; the column <c>label</c>, or else the one after <c>id</c>, says the label. A column <c>group</c> keeps related
/// files on one side of the split; a column <c>split</c> is read where the split is given.
/// </summary>
internal static class CsvListing
{
    private static readonly CsvReaderOptions Format = new()
    {
        Separator = ',',
        TrimWhitespace = true,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
    };

    /// <param name="csv">UTF-8.</param>
    /// <param name="imagesFolder">Where the files are.</param>
    /// <param name="splitGiven">True: every line says its side of the split.</param>
    /// <returns>Files by label and name; an id without a file is a problem.</returns>
    /// <exception cref="CommandFailure">The CSV is none, lacks its columns, or gives one file two labels.</exception>
    public static Listing Read(string csv, string imagesFolder, bool splitGiven = false)
    {
        var finder = new FileFinder(imagesFolder);
        var files = new Dictionary<string, LabeledFile>();
        var problems = new List<Problem>();
        foreach (var (line, id, label, group, splitName) in Rows(csv, splitGiven))
        {
            var split = splitGiven ? SplitNames.Read(splitName) : Split.Unspecified;
            if (id.Length == 0 || label.Length == 0)
            {
                problems.Add(new Problem($"line {line}", id.Length == 0 ? "the id is empty" : "the label is empty"));
            }
            else if (finder.Find(id) is not { } path)
            {
                problems.Add(new Problem(id, $"{imagesFolder} has no file {id}, nor {id} with {string.Join(", ", ImageExtensions.All)}"));
            }
            else if (split is not { } side)
            {
                problems.Add(new Problem(id, $"its split is \"{splitName}\"; it must be {SplitNames.Known}"));
            }
            else if (!files.TryAdd(path, new LabeledFile(id, path, label) { Group = group, GivenSplit = side }) && files[path].Label != label)
            {
                throw new CommandFailure($"{csv}, line {line}: {id} is labelled \"{label}\", and \"{files[path].Label}\" before.");
            }
        }

        return new Listing(
            [.. files.Values.OrderBy(file => file.Label, CodePointOrder.Instance).ThenBy(file => Path.GetFileName(file.Path), CodePointOrder.Instance)],
            problems, []);
    }

    private static IEnumerable<(long Line, string Id, string Label, string Group, string Split)> Rows(string csv, bool splitGiven)
    {
        using var reader = CsvReader.FromFile(csv, Format);
        ReadHeader(reader, csv);
        if (!reader.TryGetFieldIndex("id", out var idColumn))
        {
            throw WrongHeader(reader, csv);
        }

        if (!reader.TryGetFieldIndex("label", out var labelColumn) && (labelColumn = idColumn + 1) >= reader.Headers.Count)
        {
            throw WrongHeader(reader, csv);
        }

        var hasGroups = reader.TryGetFieldIndex("group", out var groupColumn);
        if (!reader.TryGetFieldIndex("split", out var splitColumn) && splitGiven)
        {
            throw new CommandFailure($"{csv} has no column split, which --split given reads; its header is \"{string.Join(',', reader.Headers)}\".");
        }

        while (Read(reader, csv))
        {
            yield return (reader.LineNumber, reader.GetString(idColumn), reader.GetString(labelColumn),
                hasGroups ? reader.GetString(groupColumn) : "", splitGiven ? reader.GetString(splitColumn) : "");
        }
    }

    private static void ReadHeader(CsvReader reader, string csv)
    {
        try
        {
            reader.ReadHeader();
        }
        catch (CsvFormatException failure)
        {
            throw new CommandFailure($"{csv}: {failure.Message}", failure);
        }
    }

    private static bool Read(CsvReader reader, string csv)
    {
        try
        {
            return reader.Read();
        }
        catch (CsvFormatException failure)
        {
            throw new CommandFailure($"{csv}, line {failure.LineNumber}: {failure.Message}", failure);
        }
    }

    private static CommandFailure WrongHeader(CsvReader reader, string csv) =>
        new($"{csv} must begin with a header line that has the columns id and label; it begins with \"{string.Join(',', reader.Headers)}\".");

    /// <summary>Looks ids up in one reading of the folder, however many there are.</summary>
    private sealed class FileFinder(string folder)
    {
        private readonly Dictionary<string, string> _byName = Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder, path));

        public string? Find(string id) =>
            _byName.GetValueOrDefault(id)
            ?? ImageExtensions.All.SelectMany(extension => new[] { extension, extension.ToUpperInvariant() })
                .Select(extension => _byName.GetValueOrDefault(id + extension)).FirstOrDefault(path => path is not null);
    }
}
