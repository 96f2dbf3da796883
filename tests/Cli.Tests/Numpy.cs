using System.Diagnostics;

namespace Topfive.Cli.Tests;

/// <summary>Debian's Python with numpy.</summary>
internal static class Numpy
{
    public const string WhySkipped = "there is no /usr/bin/python3 with numpy (Debian: apt-get install python3-numpy)";

    private static readonly Lazy<bool> Found = new(Look);

    public static bool IsThere => Found.Value;

    /// <returns>What the script printed.</returns>
    public static Task<string> RunAsync(string folder, string script) =>
        TestKit.Repository.RunAsync(folder, "/usr/bin/python3", "-X", "utf8", "-c", script);

    private static bool Look()
    {
        if (!File.Exists("/usr/bin/python3"))
        {
            return false;
        }

        using var python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", "import numpy"]) { RedirectStandardError = true })!;
        python.StandardError.ReadToEnd();
        python.WaitForExit();
        return python.ExitCode == 0;
    }
}
