namespace Topfive.Backbones;

/// <summary>Written aside and renamed: whoever reads the file sees the old one or the whole new one.</summary>
internal static class WholeFile
{
    public static void Write(string path, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var unfinished = $"{path}.{Path.GetRandomFileName()}.unfinished";
        try
        {
            File.WriteAllBytes(unfinished, content);
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
