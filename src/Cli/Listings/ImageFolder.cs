namespace Topfive.Cli;

/// <summary>
/// A folder with one folder per class; the class folder's name is the label. Folders inside a class belong to it.
/// Hidden files and folders are passed over.
/// </summary>
internal static class ImageFolder
{
    /// <param name="root">The folder that holds the class folders.</param>
    /// <returns>Classes in name order; in each, files in Keras' order: folder by folder, by name in each.</returns>
    public static Listing Read(string root)
    {
        var files = new List<LabeledFile>();
        var skipped = new List<string>();
        skipped.AddRange(Visible(Directory.EnumerateFiles(root)).Select(path => Path.GetRelativePath(root, path)));
        foreach (var classFolder in Visible(Directory.EnumerateDirectories(root)))
        {
            var label = Path.GetFileName(classFolder);
            foreach (var folder in WithSubfolders(classFolder).Order(CodePointOrder.Instance))
            {
                foreach (var path in Visible(Directory.EnumerateFiles(folder)))
                {
                    var id = Path.GetRelativePath(root, path);
                    if (ImageExtensions.Match(path))
                    {
                        files.Add(new LabeledFile(id, path, label));
                    }
                    else
                    {
                        skipped.Add(id);
                    }
                }
            }
        }

        return new Listing(files, [], skipped);
    }

    private static IEnumerable<string> WithSubfolders(string folder) =>
        Visible(Directory.EnumerateDirectories(folder)).SelectMany(WithSubfolders).Prepend(folder);

    private static IEnumerable<string> Visible(IEnumerable<string> paths) =>
        paths.Where(path => !Path.GetFileName(path).StartsWith('.')).OrderBy(path => Path.GetFileName(path), CodePointOrder.Instance);
}
