using System.Diagnostics;

namespace Topfive.TestKit;

/// <summary>A file system of its own, in memory, that is soon full.</summary>
public sealed class SmallDisk : IDisposable
{
    public const string WhySkipped = "no file system can be mounted here: that takes Linux and root";

    private readonly TempDirectory _directory = new();

    private SmallDisk()
    {
    }

    public string Path => _directory.Path;

    /// <returns>Null where mounting is not possible: skip the test with <see cref="WhySkipped"/>.</returns>
    public static async Task<SmallDisk?> TryMountAsync(int megabytes)
    {
        if (!OperatingSystem.IsLinux()) return null;
        var disk = new SmallDisk();
        if (await RunAsync("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", disk.Path) == 0) return disk;
        disk._directory.Dispose();
        return null;
    }

    /// <summary>Makes room.</summary>
    public async Task GrowAsync(int megabytes)
    {
        if (await RunAsync("mount", "-o", $"remount,size={megabytes}m", Path) != 0) throw new InvalidOperationException($"{Path} does not grow");
    }

    public void Dispose()
    {
        // Whoever still has a file open there keeps it, and nobody sees it any more.
        using var unmount = Process.Start("umount", ["--lazy", Path]);
        unmount.WaitForExit();
        _directory.Dispose();
    }

    private static async Task<int> RunAsync(string program, params string[] args)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
