using System.Diagnostics;

namespace Topfive.TestKit;

/// <summary>Signals by kill(1), where there is one.</summary>
internal static class ProcessSignal
{
    /// <param name="processId">Of a process that a test has started.</param>
    /// <param name="name">STOP, CONT.</param>
    public static async Task SendAsync(int processId, string name)
    {
        using var kill = Process.Start("kill", ["-s", name, $"{processId}"]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0) throw new InvalidOperationException($"kill -s {name} {processId} ended with {kill.ExitCode}");
    }
}
