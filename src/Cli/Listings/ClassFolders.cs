using Topfive.Classifier.V1;

namespace Topfive.Cli;

/// <summary>
/// Reads labels out of paths: <c>label/…/name</c>, or <c>train/label/…/name</c> beside <c>validation/label/…/name</c>
/// where the split is given. Hidden files and folders are passed over.
/// </summary>
internal static class ClassFolders
{
    /// <param name="files">Paths below the root, parts separated by '/', and where each file is.</param>
    /// <param name="splitGiven">True: the outermost folders are the sides of the split.</param>
    /// <returns>Classes in name order; in each, files in Keras' order: folder by folder, by name in each.</returns>
    public static Listing List(IEnumerable<(string Name, string Path)> files, bool splitGiven)
    {
        var sorted = files
            .Select(file => (Parts: file.Name.Split('/'), file.Name, file.Path))
            .Where(file => !file.Parts.Any(part => part.StartsWith('.')))
            .OrderBy(file => file.Parts.Length == 1 ? "" : file.Parts[0], CodePointOrder.Instance)
            .ThenBy(file => string.Join('/', file.Parts[..^1]), CodePointOrder.Instance)
            .ThenBy(file => file.Parts[^1], CodePointOrder.Instance);
        var images = new List<LabeledFile>();
        var skipped = new List<string>();
        foreach (var (parts, name, path) in sorted)
        {
            if (ImageExtensions.Match(name) && Classify(parts, splitGiven) is var (label, split))
            {
                images.Add(new LabeledFile(name, path, label) { GivenSplit = split });
            }
            else
            {
                skipped.Add(name);
            }
        }

        return new Listing(images, [], skipped);
    }

    private static (string Label, Split Split)? Classify(string[] parts, bool splitGiven) => (splitGiven, parts.Length) switch
    {
        (false, >= 2) => (parts[0], Split.Unspecified),
        (true, >= 3) when SplitNames.Read(parts[0]) is { } split => (parts[1], split),
        _ => null,
    };
}
