namespace Topfive.TestKit;

/// <summary>A directory of one test's own, gone when disposed.</summary>
public sealed class TempDirectory : IDisposable
{
    private const int Attempts = 20;

    public string Path { get; } = Directory.CreateTempSubdirectory("topfive-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // Garnet waits for no commit of an empty log: the record of a store that was stopped before its first
                // write may come between our look into the directory and its removal.
            }
        }
    }
}
