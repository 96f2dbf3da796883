namespace Topfive.Cli;

/// <summary>
/// A folder with one folder per class; the class folder's name is the label. Folders inside a class belong to it.
/// </summary>
internal static class ImageFolder
{
    /// <param name="root">The folder that holds the class folders.</param>
    /// <param name="splitGiven">True: it holds train/ and validation/, and these the class folders.</param>
    /// <returns>As <see cref="ClassFolders"/> orders them.</returns>
    public static Listing Read(string root, bool splitGiven = false) => ClassFolders.List(
        VisibleFiles(root).Select(path => (Path.GetRelativePath(root, path).Replace(Path.DirectorySeparatorChar, '/'), path)), splitGiven);

    private static IEnumerable<string> VisibleFiles(string folder) =>
        Directory.EnumerateFiles(folder).Concat(
            Directory.EnumerateDirectories(folder).Where(inner => !Path.GetFileName(inner).StartsWith('.')).SelectMany(VisibleFiles));
}
