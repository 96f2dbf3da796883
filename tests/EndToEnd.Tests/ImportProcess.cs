using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Topfive.EndToEnd.Tests;

/// <summary><c>topfive import</c> as a process of its own.</summary>
internal sealed partial class ImportProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output, _errors;

    private ImportProcess(Process process)
    {
        _process = process;
        _output = process.StandardOutput.ReadToEndAsync();
        _errors = process.StandardError.ReadToEndAsync();
    }

    public static ImportProcess Start(Uri gateway, string folder, string dataset, params string[] options) => new(Process.Start(new ProcessStartInfo("dotnet",
    [
        Path.Combine(AppContext.BaseDirectory, "topfive.dll"), "import", folder, "--dataset", dataset, "--strict", "--gateway", gateway.ToString(), .. options,
    ])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    })!);

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<ImportOutcome> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        var output = await _output;
        var summary = Summary().Match(output);
        return new ImportOutcome(_process.ExitCode, Number("imported"), Number("computed"), Number("copies"), Number("computedCopies"), output + await _errors);

        int Number(string name) => summary.Groups[name].Success ? int.Parse(summary.Groups[name].Value) : 0;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    [GeneratedRegex(@"Imported (?<imported>\d+) into .*?: (?<computed>\d+) computed(.*\n.*With (?<copies>\d+) augmented copies.*: (?<computedCopies>\d+) computed)?")]
    private static partial Regex Summary();
}

internal sealed record ImportOutcome(int ExitCode, int Imported, int Computed, int Copies, int ComputedCopies, string Said);
