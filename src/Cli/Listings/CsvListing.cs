using CsvHelper;
using Google.Protobuf;
using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// A CSV with a header line: the column <c>id</c> names a file in the images' folder or archive, with or without its
/// extension; the column <c>label</c>, or else the one after <c>id</c>, says the label. A column <c>group</c> keeps related
/// files on one side of the split; a column <c>split</c> is read where the split is given.
/// </summary>
internal sealed class CsvListing
{
    private readonly record struct Row(long Line, string Id, string Label, string Group, string Split);

    private static readonly CsvReaderOptions Format = new()
    {
        Separator = ',',
        TrimWhitespace = true,
        TrackLineNumbers = true,
        MalformedData = CsvMalformedDataHandling.Throw,
    };

    private readonly string _csv;
    private readonly bool _splitGiven;
    private readonly List<Row> _rows;

    private CsvListing(string csv, bool splitGiven) => (_csv, _splitGiven, _rows) = (csv, splitGiven, [.. Rows(csv, splitGiven)]);

    /// <param name="csv">UTF-8.</param>
    /// <param name="splitGiven">True: every line says its side of the split.</param>
    /// <exception cref="CommandFailure">The CSV is none, or lacks its columns.</exception>
    public static CsvListing Read(string csv, bool splitGiven = false) => File.Exists(csv)
        ? new CsvListing(csv, splitGiven)
        : throw new CommandFailure($"There is no CSV at {csv}.");

    /// <returns>Files by label and name; an id without a file, and an image without a label, are problems.</returns>
    /// <exception cref="CommandFailure">The CSV gives one file two labels.</exception>
    public Listing Match(ImageNames images)
    {
        var files = new Dictionary<string, LabeledFile>();
        var named = new HashSet<string>();
        var problems = new List<Problem>();
        foreach (var (line, id, label, group, splitName) in _rows)
        {
            if (id.Length == 0)
            {
                problems.Add(new Problem($"line {line}", "the id is empty"));
                continue;
            }

            if (images.Find(id) is not { } path)
            {
                problems.Add(new Problem(id, $"{images.Place} has no file {id}, nor {id} with {string.Join(", ", ImageExtensions.All)}"));
                continue;
            }

            named.Add(path);
            var split = _splitGiven ? SplitNames.Read(splitName) : Split.Unspecified;
            if (label.Length == 0)
            {
                problems.Add(new Problem(id, "its label is empty"));
            }
            else if (split is not { } side)
            {
                problems.Add(new Problem(id, $"its split is \"{splitName}\"; it must be {SplitNames.Known}"));
            }
            else if (!files.TryAdd(path, new LabeledFile(id, path, label) { Group = ByteString.CopyFromUtf8(group), GivenSplit = side }) && files[path].Label != label)
            {
                throw new CommandFailure($"{_csv}, line {line}: {id} is labelled \"{label}\", and \"{files[path].Label}\" before.");
            }
        }

        problems.AddRange(images.Except(named).Select(name => new Problem(name, $"{Path.GetFileName(_csv)} has no label for it")));
        return new Listing(
            [.. files.Values.OrderBy(file => file.Label, CodePointOrder.Instance).ThenBy(file => Path.GetFileName(file.Path), CodePointOrder.Instance)],
            problems, []);
    }

    private static IEnumerable<Row> Rows(string csv, bool splitGiven)
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
            yield return new Row(
                reader.LineNumber, reader.GetString(idColumn), reader.GetString(labelColumn), hasGroups ? reader.GetString(groupColumn) : "", splitGiven ? reader.GetString(splitColumn) : "");
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
}
