namespace Topfive.Cli;

/// <summary>
/// Names inside an archive were chosen by whoever made it. Nothing is written under them, but they become labels, and stand
/// on terminals.
/// </summary>
internal static class ArchiveNames
{
    /// <returns>The name with '/' between its parts, without a leading "./", and with nothing that moves a terminal's cursor.</returns>
    public static string Shown(string name)
    {
        var plain = string.Concat(name.Replace('\\', '/').Select(c => char.IsControl(c) ? '\uFFFD' : c));
        return plain.StartsWith("./", StringComparison.Ordinal) ? plain[2..] : plain;
    }

    public static bool LeavesTheArchive(string name) =>
        Shown(name) is var shown && (shown.StartsWith('/') || shown.Split('/').Contains(".."));

    /// <summary>
    /// An archive of a folder often begins every name with that folder's. Where all images stand in one folder, and none
    /// directly, that folder is the wrapper and not a label.
    /// </summary>
    /// <param name="names">Names as shown, and the archive's own.</param>
    /// <param name="foldersBelow">How many folders an image stands in below the wrapper: 1 where they are labels.</param>
    public static IEnumerable<(string Name, string Path)> WithoutWrapper(IReadOnlyList<(string Name, string Path)> names, int foldersBelow = 1)
    {
        var images = names.Where(file => ImageExtensions.Match(file.Name) && !IsHidden(file.Name)).Select(file => file.Name.Split('/')).ToList();
        return images.Count > 0 && images.All(parts => parts.Length >= 2 + foldersBelow && parts[0] == images[0][0])
            ? names.Select(file => (file.Name.StartsWith(images[0][0] + "/", StringComparison.Ordinal) ? file.Name[(images[0][0].Length + 1)..] : file.Name, file.Path))
            : names;
    }

    private static bool IsHidden(string name) => name.Split('/').Any(part => part.StartsWith('.'));
}
