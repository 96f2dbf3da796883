using System.Diagnostics;

namespace Topfive.TestKit;

/// <summary>The repository that the tests were built from, and what its scripts fetch.</summary>
public static class Repository
{
    /// <summary>The folder of Microservices.sln, found upwards from the test's program.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program to its end; its output goes into the exception when it fails.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public static async Task<string> RunAsync(string folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        }) ?? throw new InvalidOperationException($"{program} did not start");
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} in {folder} ended with {process.ExitCode}:\n{string.Concat(output)}");
        }

        return output[0];
    }

    /// <summary>Waits until no other process holds the lock, and holds it until disposed.</summary>
    public static async Task<IDisposable> LockAsync(string path)
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(200))
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < TimeSpan.FromMinutes(10))
            {
                await Task.Delay(200);
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Microservices.sln"))) return folder.FullName;
        }

        throw new DirectoryNotFoundException($"no Microservices.sln above {AppContext.BaseDirectory}");
    }
}
