namespace Topfive.Cli;

/// <summary>Looks up what a label file names, with or without the extension, among the files of a folder or an archive.</summary>
internal sealed class ImageNames
{
    private readonly Dictionary<string, string> _paths = [];
    private readonly List<(string Name, string Path)> _images = [];

    /// <param name="place">The folder or archive, for messages.</param>
    /// <param name="files">Names with '/' between their parts, and where each file is.</param>
    public ImageNames(string place, IEnumerable<(string Name, string Path)> files)
    {
        Place = place;
        foreach (var (name, path) in files)
        {
            // A later name for the same file is another way to call it.
            if (_paths.TryAdd(name, path) && ImageExtensions.Match(name) && !name.Split('/').Any(part => part.StartsWith('.')))
            {
                _images.Add((name, path));
            }
        }
    }

    public string Place { get; }

    /// <summary>Every file of a folder and of the folders in it.</summary>
    public static ImageNames In(string folder) => new(folder, Directory
        .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(path => (Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/'), path)));

    /// <returns>Null when there is no such file.</returns>
    public string? Find(string id) =>
        _paths.GetValueOrDefault(id)
        ?? ImageExtensions.All.SelectMany(extension => new[] { extension, extension.ToUpperInvariant() })
            .Select(extension => _paths.GetValueOrDefault(id + extension)).FirstOrDefault(path => path is not null);

    /// <returns>Names of the images, hidden ones left out, that stand under none of <paramref name="paths"/>.</returns>
    public IEnumerable<string> Except(IReadOnlySet<string> paths) =>
        _images.Where(image => !paths.Contains(image.Path)).DistinctBy(image => image.Path).Select(image => image.Name).Order(CodePointOrder.Instance);
}
