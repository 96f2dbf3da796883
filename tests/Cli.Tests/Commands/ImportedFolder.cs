using Topfive.TestKit;

namespace Topfive.Cli.Tests;

/// <summary>A folder of files to import.</summary>
public abstract class ImportedFolder : IDisposable
{
    private protected readonly TempDirectory _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void Write(params (string Name, string Content)[] files)
    {
        foreach (var (name, content) in files)
        {
            var path = _folder.File(name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            // One word stands for an image of its own.
            File.WriteAllText(path, content.Contains(' ') ? content : $"{content} {name}");
        }
    }
}
