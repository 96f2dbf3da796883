namespace Topfive.Cli;

/// <summary>A file that has its name only when it is whole.</summary>
internal sealed class UnfinishedFile(string path) : IAsyncDisposable
{
    private readonly string _unfinished = path + ".part";

    public FileStream Stream { get; } = File.Create(path + ".part", bufferSize: 1 << 16);

    public async Task FinishAsync()
    {
        await Stream.DisposeAsync();
        File.Move(_unfinished, path, overwrite: true);
    }

    public async ValueTask DisposeAsync()
    {
        await Stream.DisposeAsync();
        File.Delete(_unfinished);
    }
}
